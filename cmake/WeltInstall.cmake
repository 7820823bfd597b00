# What `cmake --install` puts where. The program finds everything from its own place, so the folders below the prefix
# are fixed, and the installed tree may be moved:
#
#   bin/welt                     the program, which does `welt text` and starts bin/welt-main for the rest
#   lib/welt/plugins             plugins with their presets (see WeltAddPlugin.cmake)
#   lib/welt/libtorch/lib        the libraries of LibTorch that a CPU program needs (WELT_BUNDLE_LIBTORCH)
#   share/welt                   recipes, the text of the quick start, what `welt plugin new` writes, the static embedding
#   include, lib/*.a, lib/cmake  the SDK: the package welt-sdk
#   lib/libwelt_similarity.so    `welt text` as a C library (include/welt/similarity.h)
#   share/doc/welt               documentation and licences, in the folders that their links expect
include(CMakePackageConfigHelpers)
option(WELT_BUNDLE_LIBTORCH "Install LibTorch's CPU libraries too (459 MB); OFF: those of the build stay in use" ON)

install(TARGETS welt welt_main RUNTIME DESTINATION bin)
install(DIRECTORY recipes DESTINATION share/welt)
install(DIRECTORY data/quickstart data/bench data/sheet DESTINATION share/welt/data)
install(DIRECTORY sdk/templates DESTINATION share/welt/sdk)
install(FILES README.md CONTRIBUTING.md CHANGELOG.md LICENSE DESTINATION share/doc/welt)
install(DIRECTORY docs DESTINATION share/doc/welt)

# LibTorch's libraries look in $ORIGIN/../../nvidia/… and then in $ORIGIN: two folders deep, that never leaves lib/welt.
set(libtorch_folder lib/welt/libtorch/lib)
set(rpath "$ORIGIN/../${libtorch_folder}")
if(WELT_BUNDLE_LIBTORCH)
  install(IMPORTED_RUNTIME_ARTIFACTS welt::libtorch_cpu welt::libc10 RUNTIME_DEPENDENCY_SET welt_libtorch
    LIBRARY DESTINATION "${libtorch_folder}")
  # Whatever else they name as needed, but for the system's own.
  install(RUNTIME_DEPENDENCY_SET welt_libtorch POST_EXCLUDE_REGEXES "^/(usr/)?lib(32|64|x32)?/"
    LIBRARY DESTINATION "${libtorch_folder}")
  # A wheel keeps the licences beside the package.
  get_filename_component(packages "${LibTorch_ROOT_DIR}" DIRECTORY)
  file(GLOB licences "${packages}/torch-*.dist-info/licenses" "${packages}/nvidia_cuda_*.dist-info/licenses")
  foreach(folder IN LISTS licences)
    string(REGEX REPLACE ".*/([^/]+)\\.dist-info/licenses$" "\\1" package "${folder}")
    install(DIRECTORY "${folder}/" DESTINATION "share/doc/welt/licences/${package}")
  endforeach()
else()
  list(APPEND rpath "${LibTorch_ROOT_DIR}/lib")
endif()
set_target_properties(welt_main PROPERTIES INSTALL_RPATH "${rpath}" INSTALL_RPATH_USE_LINK_PATH OFF)

set(package_folder lib/cmake/welt-sdk)
install(DIRECTORY core/abi/include/ core/common/include/ sdk/include/ include/ DESTINATION include)
install(TARGETS welt_similarity LIBRARY DESTINATION lib)
install(TARGETS welt_abi welt_common welt_sdk welt_sdk_text welt_sdk_tokenizers EXPORT welt-sdk-targets ARCHIVE DESTINATION lib)
install(TARGETS welt_sdk_nn EXPORT welt-sdk-nn-targets ARCHIVE DESTINATION lib)
install(EXPORT welt-sdk-targets NAMESPACE welt:: DESTINATION "${package_folder}")
install(EXPORT welt-sdk-nn-targets NAMESPACE welt:: DESTINATION "${package_folder}")
configure_file(cmake/welt-sdk-config.cmake.in "${CMAKE_BINARY_DIR}/welt-sdk-config.cmake" @ONLY)
# Sources that compile with 0.1 need not compile with 0.2 (docs/abi-policy.md).
write_basic_package_version_file("${CMAKE_BINARY_DIR}/welt-sdk-config-version.cmake" VERSION "${PROJECT_VERSION}"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/welt-sdk-config.cmake" "${CMAKE_BINARY_DIR}/welt-sdk-config-version.cmake"
  cmake/WeltAddPlugin.cmake cmake/FindLibTorch.cmake cmake/plugin_note.in cmake/plugin_exports.map
  DESTINATION "${package_folder}")
