extern "C" int late_triple(int x);
extern "C" int late_triple(int x) {
  return 3 * x;
}
