// Which instructions of the processor the loops over bodies use.
#pragma once

namespace fetchpool::body {

// Each has all that those before it have. The loops give the same on all; which one is only asked
// so that tests can try all that a machine has.
enum class Simd {
  none,    // what every processor of the kind has
  avx2,    // AVX2, BMI, POPCNT
  avx512,  // AVX-512 with BW, VL and VBMI2
};

// The best that this machine has.
inline Simd best_simd() {
#if defined(__x86_64__)
  static const Simd best = [] {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
      return Simd::none;
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
    return has_avx512 ? Simd::avx512 : Simd::avx2;
  }();
  return best;
#else
  return Simd::none;
#endif
}

}  // namespace fetchpool::body

#define FETCHPOOL_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define FETCHPOOL_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))
