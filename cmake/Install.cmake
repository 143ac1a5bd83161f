# Installing and exporting: find_package(fetchpool) and pkg-config.
include(CMakePackageConfigHelpers)

set(FETCHPOOL_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/fetchpool)
set(FETCHPOOL_CURL_VERSION 7.88)
set(installed_layers)
foreach(layer base ipc process pool fetch)
  if(TARGET fetchpool_${layer})
    list(APPEND installed_layers fetchpool_${layer})
  endif()
endforeach()

install(TARGETS ${installed_layers} EXPORT fetchpoolTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/fetchpool DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT fetchpoolTargets NAMESPACE fetchpool:: DESTINATION ${FETCHPOOL_CMAKE_DIR})
if(FETCHPOOL_BUILD_PROGRAM)
  install(TARGETS fetchpool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/fetchpoolConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/fetchpoolConfig.cmake INSTALL_DESTINATION ${FETCHPOOL_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/fetchpoolConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fetchpoolConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/fetchpoolConfigVersion.cmake
  DESTINATION ${FETCHPOOL_CMAKE_DIR})

# A .pc file for a library that others link: the archives in the order in which they use each
# other, and the packages that those use. What the file is relative to moves with it.
function(fetchpool_pc layer description requires)
  file(RELATIVE_PATH prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" prefix "${prefix}")
  set(FETCHPOOL_PC_PREFIX "\${pcfiledir}/${prefix}")
  set(FETCHPOOL_PC_LAYER ${layer})
  set(FETCHPOOL_PC_DESCRIPTION "${description}")
  set(FETCHPOOL_PC_REQUIRES "${requires}")
  configure_file(cmake/fetchpool.pc.in ${CMAKE_CURRENT_BINARY_DIR}/fetchpool-${layer}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fetchpool-${layer}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

if(TARGET fetchpool_fetch)
  fetchpool_pc(fetch "Fetches URLs with a pool of worker processes"
    "libcurl >= ${FETCHPOOL_CURL_VERSION}, zlib, libdeflate, libbrotlidec, libzstd, libcrypto >= 3")
endif()
if(TARGET fetchpool_pool)
  fetchpool_pc(pool "Runs functions in a pool of worker processes" "")
endif()
