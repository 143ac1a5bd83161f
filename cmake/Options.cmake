# What a build may choose. Everything for developers is off when fetchpool is part of another project.
option(FETCHPOOL_BUILD_PROGRAM "Build the fetchpool program" ${PROJECT_IS_TOP_LEVEL})
option(FETCHPOOL_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(FETCHPOOL_BUILD_SAMPLES "Build the samples" ${PROJECT_IS_TOP_LEVEL})
option(FETCHPOOL_BUILD_FUZZERS "Build the fuzz targets (clang)" OFF)
option(FETCHPOOL_WERROR "Warnings are errors" OFF)
option(FETCHPOOL_HARDENING "Build with the hardening flags of a release" OFF)
set(FETCHPOOL_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")

# Not every system has a static one.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -static-libstdc++ -static-libgcc)
check_cxx_source_compiles("#include <iostream>\nint main() { std::cout << 1; }"
  FETCHPOOL_HAS_STATIC_RUNTIME)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
option(FETCHPOOL_STATIC_RUNTIME "Put the C++ runtime and libdeflate into the program, which starts sooner then"
  "${FETCHPOOL_HAS_STATIC_RUNTIME}")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# The program stands at the top of the build tree: build/release/fetchpool.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endif()

add_library(fetchpool_warnings INTERFACE)
target_compile_options(fetchpool_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wimplicit-fallthrough
  $<$<BOOL:${FETCHPOOL_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 to 14 see accesses out of bounds in std::string that are none. In a unity build a source
  # is included, and g++ warns of its private types as of those of a header.
  target_compile_options(fetchpool_warnings INTERFACE -Wno-array-bounds -Wno-stringop-overflow
    -Wno-restrict $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-subobject-linkage>)
endif()
if(FETCHPOOL_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What the sanitizers add looks to gcc 12 as if parts of std::regex were used uninitialized.
  target_compile_options(fetchpool_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

if(FETCHPOOL_HARDENING)
  add_compile_options(-fstack-protector-strong -fcf-protection -D_GLIBCXX_ASSERTIONS)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
  add_link_options(-Wl,-z,relro,-z,now)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported()
endif()

if(FETCHPOOL_SANITIZE)
  add_compile_options(-fsanitize=${FETCHPOOL_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FETCHPOOL_SANITIZE})
  if(FETCHPOOL_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_definitions(__SANITIZE_ADDRESS__)  # as g++ does
  endif()
  if(FETCHPOOL_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      add_compile_options(
        -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/sanitizer_ignorelist.txt)
    endif()
  endif()
endif()
