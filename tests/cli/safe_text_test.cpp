#include "cli/safe_text.h"

#include "support/catch.h"

using namespace fetchpool::cli;
using namespace std::string_literals;

TEST_CASE("plain text stays as it is", "[safe_text]") {
  for (const char* text : {"", "http://h/a?b=c&d#e", "\\",
                           "b\xC3\xBC"
                           "cher",
                           "\xE6\x97\xA5", "\xF0\x9F\x98\x80"})
    CHECK(printable(text) == text);
}

TEST_CASE("nothing that steers a terminal comes through", "[safe_text]") {
  CHECK(printable("\x1b]0;pwn\x07") == "\\x1b]0;pwn\\x07");
  CHECK(printable("a\0b"s) == "a\\x00b");
  CHECK(printable("\r\n\t\x7f") == "\\r\\n\\t\\x7f");
  CHECK(printable("\xC2\x9B"
                  "31m") == "\\u{009b}31m");
  CHECK(printable("\xE2\x80\xAE"
                  "gpj.exe") == "\\u{202e}gpj.exe");
  CHECK(printable("\xE2\x81\xA6\xE2\x80\xA8\xD8\x9C") == "\\u{2066}\\u{2028}\\u{061c}");
}

TEST_CASE("bytes that are not UTF-8 are shown one by one", "[safe_text]") {
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("\x9b"
                  "31m") == "\\x9b31m");
  CHECK(printable("\xC0\x9B") == "\\xc0\\x9b");
  CHECK(printable("\xC3") == "\\xc3");
  CHECK(printable("\xE0\x80\x80") == "\\xe0\\x80\\x80");
  CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

TEST_CASE("every byte comes out harmless", "[safe_text]") {
  for (int byte = 0; byte < 256; ++byte)
    for (unsigned char c : printable(std::string(1, static_cast<char>(byte)))) {
      CHECK(c >= 0x20);
      CHECK(c < 0x7F);
    }
}

TEST_CASE("user names and passwords are masked", "[safe_text]") {
  CHECK(without_userinfo("http://u:p@h/a") == "http://***@h/a");
  CHECK(without_userinfo("http://token@h/a") == "http://***@h/a");
  CHECK(without_userinfo("http://u:p@ss@h/a") == "http://***@h/a");
  CHECK(without_userinfo("http:/u:p@h/") == "http:/***@h/");
  CHECK(without_userinfo("http:\\\\u:p@h/") == "http:\\\\***@h/");
  CHECK(without_userinfo("//u:p@h/") == "//***@h/");
  CHECK(without_userinfo("u:p@h/a") == "***@h/a");
  CHECK(without_userinfo("cannot fetch \"http://u:p@h\" or http://v:q@i?x") ==
        "cannot fetch \"http://***@h\" or http://***@i?x");
}

TEST_CASE("an @ elsewhere is left alone", "[safe_text]") {
  for (const char* text : {"http://h/@user", "http://h/a@b", "http://h/?q=a:b@c", "http://h/#a@b",
                           "http://h/d/x:y@z", "a@b", "@", "http://h"})
    CHECK(without_userinfo(text) == text);
}

TEST_CASE("long text is cut between characters and after masking", "[safe_text]") {
  CHECK(safe_text("abcdef", 6) == "abcdef");
  CHECK(safe_text("abcdef", 5) == "abcde...");
  CHECK(safe_text("a\xC3\xBC"
                  "b",
                  2) == "a...");
  CHECK(safe_text("http://user:secret@h/", 12) == "http://***@h...");
}
