# Debian's packages only; nothing is downloaded here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(cereal REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(BROTLIDEC REQUIRED IMPORTED_TARGET libbrotlidec)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# A library more that no other one loads is a fifth of a millisecond of every start: the whole of
# xxhash is in its header, and libdeflate goes into the program like the C++ runtime.
target_compile_definitions(PkgConfig::XXHASH INTERFACE XXH_INLINE_ALL)
set_property(TARGET PkgConfig::XXHASH PROPERTY INTERFACE_LINK_LIBRARIES)
if(FETCHPOOL_STATIC_RUNTIME)
  find_library(FETCHPOOL_LIBDEFLATE_STATIC libdeflate.a HINTS ${LIBDEFLATE_LIBRARY_DIRS})
  mark_as_advanced(FETCHPOOL_LIBDEFLATE_STATIC)
  if(FETCHPOOL_LIBDEFLATE_STATIC)
    set_property(TARGET PkgConfig::LIBDEFLATE
      PROPERTY INTERFACE_LINK_LIBRARIES ${FETCHPOOL_LIBDEFLATE_STATIC})
  endif()
endif()

if(FETCHPOOL_BUILD_PROGRAM)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(fmt REQUIRED)
  find_package(RapidJSON REQUIRED)
endif()
