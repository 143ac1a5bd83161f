# cmake -D WAY=find_package|pkg_config -D BUILD= -D CONSUMER= -D WORK= -D CXX= -D LIBDIR= -P this
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "this failed: ${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/build)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
# Moved, because it must not know where it was installed.
file(RENAME ${WORK}/first ${WORK}/prefix)

file(GLOB programs RELATIVE ${CONSUMER} ${CONSUMER}/*.cpp)
if(NOT EXISTS ${WORK}/prefix/include/fetchpool/pool.h)
  list(REMOVE_ITEM programs use_pool.cpp)
endif()

if(WAY STREQUAL "find_package")
  run(${CMAKE_COMMAND} -G Ninja -S ${CONSUMER} -B ${WORK}/build -D CMAKE_PREFIX_PATH=${WORK}/prefix
      -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_BUILD_TYPE=Debug)
  run(${CMAKE_COMMAND} --build ${WORK}/build)
else()
  set(ENV{PKG_CONFIG_PATH} ${WORK}/prefix/${LIBDIR}/pkgconfig)
  foreach(program ${programs})
    string(REGEX REPLACE "use_(.*)\\.cpp" "\\1" layer ${program})
    run(pkg-config --cflags --libs fetchpool-${layer})
    separate_arguments(flags UNIX_COMMAND "${output}")
    run(${CXX} -std=c++20 ${CONSUMER}/${program} -o ${WORK}/build/use_${layer} ${flags})
  endforeach()
endif()
foreach(program ${programs})
  string(REPLACE ".cpp" "" program ${program})
  run(${WORK}/build/${program})
  message(STATUS "${program}: ${output}")
endforeach()

run(${WORK}/prefix/bin/fetchpool --version)
