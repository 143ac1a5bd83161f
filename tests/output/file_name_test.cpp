#include "output/file_name.h"

#include <fcntl.h>
#include <unistd.h>

#include "fetchpool/error.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

struct Hostile {
  std::string wanted;
  std::string made;
};

TEST_CASE("hostile names become harmless ones", "[file_name]") {
  const std::string long_name(300, 'x');
  const std::string kana = "\xe3\x81\x82";
  std::string long_kana;
  for (int i = 0; i < 100; ++i) long_kana += kana;
  std::string short_kana;
  for (int i = 0; i < 66; ++i) short_kana += kana;
  const std::vector<Hostile> table = {
      {"a.html", "a.html"},
      {"a/b/c.txt", "a/b/c.txt"},
      {"", ""},
      {"/", ""},
      {".", ""},
      {"..", ""},
      {"../", ""},
      {"../../etc/passwd", "etc/passwd"},
      {"/etc/passwd", "etc/passwd"},
      {"//etc//passwd", "etc/passwd"},
      {"a/../b", "a/b"},
      {"a/./b", "a/b"},
      {"a/b/..", "a/b"},
      {"a/b/", "a/b"},
      {"...", "_.."},
      {"....", "_..."},
      {".bashrc", "_bashrc"},
      {".ssh/authorized_keys", "_ssh/authorized_keys"},
      {".job/journal", "_job/journal"},
      {"a/.git/config", "a/_git/config"},
      {"C:\\Windows\\x", "C:_Windows_x"},
      {"..\\..\\x", "_._.._x"},
      {"\\\\host\\share", "__host_share"},
      {std::string("a\0b", 3), "a_b"},
      {std::string("\0", 1), "_"},
      {"a\nb", "a_b"},
      {"a\r\nb", "a__b"},
      {"a\tb", "a_b"},
      {"\x1b[2Jx", "_[2Jx"},
      {"a\x7f", "a_"},
      {"a\xc2\x9b", "a_"},
      {"\xff\xfe", "__"},
      {"a\xc3", "a_"},
      {"a\xe2\x82", "a__"},
      {"\xed\xa0\x80", "___"},
      {"\xc0\xae\xc0\xae/x", "____/x"},
      {"gr\xc3\xbc\xc3\x9f.html", "gr\xc3\xbc\xc3\x9f.html"},
      {"%2e%2e%2fetc", "%2e%2e%2fetc"},
      {"-rf", "-rf"},
      {"CON", "CON"},
      {"a b", "a b"},
      {"$(id)", "$(id)"},
      {long_name, std::string(200, 'x')},
      {long_name + ".html", std::string(195, 'x') + ".html"},
      {long_kana, short_kana},
      {long_name + "." + long_name, std::string(200, 'x')},
  };
  CHECK(table.size() >= 40);
  for (const Hostile& name : table) {
    INFO(name.wanted);
    std::string made = safe_path(name.wanted);
    CHECK(made == name.made);
    CHECK(safe_path(made) == made);
  }
}

FetchResult result_for(const std::string& url, const std::string& type, std::uint64_t seq = 41) {
  FetchResult result;
  result.seq = seq;
  result.url = result.url_effective = url;
  result.content_type = type;
  result.response_code = 200;
  return result;
}

TEST_CASE("a body is named by its number and its type", "[file_name]") {
  CHECK(default_name(result_for("http://h/a", "text/html; charset=utf-8")) == "000000041.html");
  CHECK(default_name(result_for("http://h/a.PNG?x=y.exe", "")) == "000000041.png");
  CHECK(default_name(result_for("http://h/a.png", "IMAGE/JPEG")) == "000000041.jpg");
  CHECK(default_name(result_for("http://h/a", "application/octet-stream")) == "000000041");
  CHECK(default_name(result_for("http://h.com", "")) == "000000041");
  CHECK(default_name(result_for("http://h/.htaccess", "")) == "000000041");
  CHECK(default_name(result_for("http://h/a.verylongsuffix", "")) == "000000041");
  CHECK(default_name(result_for("http://h/a.b\xff", "")) == "000000041");
  CHECK(shard_of(9999) == "bodies/00000");
  CHECK(shard_of(10000) == "bodies/00001");
}

TEST_CASE("a template is filled in", "[file_name]") {
  FetchResult result = result_for("http://example.com:8080/a/b.html?q=1", "text/html");
  CHECK(expand_template("{host}/{path}", result) == "example.com:8080/a/b.html");
  CHECK(expand_template("{seq:06}{ext}", result) == "000041.html");
  CHECK(expand_template("{seq}-{status}-{basename}", result) == "41-200-b.html");
  CHECK(expand_template("{shard}/{{x}}", result) == "00000/{x}");
  CHECK(expand_template("{basename}", result_for("http://h/", "")) == "index");
  CHECK(expand_template("{host}", result_for("http://../x", "")) == "");
  CHECK(expand_template("x/{path}", result_for("http://h/../../etc/passwd", "")) == "x/etc/passwd");
  CHECK_THROWS_WITH(check_template("{nonsense}"), ContainsSubstring("{nonsense} is no variable"));
  CHECK_THROWS_AS(check_template("{seq"), Error);
  CHECK_THROWS_AS(check_template("}"), Error);
  CHECK(numbered("a/b.html", 7) == "a/b-7.html");
  CHECK(numbered("a.b/c", 7) == "a.b/c-7");
}

TEST_CASE("a path that no system could take is no name", "[file_name]") {
  auto path_of = [](int folders, std::size_t size) {
    std::string url = "http://h/";
    for (int i = 0; i < folders; ++i) url += std::string(size, 'x') + "/";
    return expand_template("{path}", result_for(url + "end", ""));
  };
  CHECK(path_of(64, 2).size() == 64 * 3 + 3);
  CHECK(path_of(65, 2) == "");
  CHECK(path_of(20, 50).size() == 20 * 51 + 3);
  CHECK(path_of(21, 50) == "");
  CHECK(path_of(3, 5000).size() == 3 * 201 + 3);
}

}  // namespace
}  // namespace fetchpool::output
