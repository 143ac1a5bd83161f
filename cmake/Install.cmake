# Installing and exporting: find_package(fetchpool) and pkg-config.
install(TARGETS fetchpool_base fetchpool_ipc fetchpool_process fetchpool_pool fetchpool_fetch
  EXPORT fetchpoolTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/fetchpool DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(FETCHPOOL_BUILD_PROGRAM)
  install(TARGETS fetchpool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
