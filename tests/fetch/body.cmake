# The tests of the body pipeline, and what they link beyond the layer.
set(FETCH_BODY_TESTS
  base64_test.cpp body_spool_test.cpp body_text_test.cpp coded_bodies.cpp decoder_test.cpp
  json_text_test.cpp utf8_test.cpp whole_decoder_test.cpp)
find_package(RapidJSON REQUIRED)
pkg_check_modules(BROTLIENC REQUIRED IMPORTED_TARGET libbrotlienc)
set(FETCH_BODY_TEST_LINK ZLIB::ZLIB PkgConfig::BROTLIENC PkgConfig::ZSTD)
