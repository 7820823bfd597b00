# welt_add_plugin(<name> [TORCH] SOURCES … [LIBRARIES …] [VERSION x.y.z] [ID id] [OUTPUT_DIRECTORY dir] [STATIC]): one
# plugin.
# welt_add_plugin_library(<name> SOURCES … [LIBRARIES …]): a part of a plugin that its tests link too, for its LIBRARIES.
# Static, C++20, and compiled as the plugin is.
#
# A plugin: makes the module welt_<name>.plugin.so (target welt_<name>_plugin) with everything the ABI asks of a file: one
# exported symbol, the ELF note, -z nodelete, no RPATH, no static C++ runtime. In C++ it links sdk/text; TORCH links LibTorch and
# sdk/nn; without it the plugin is torch-free. It is written to CMAKE_RUNTIME_OUTPUT_DIRECTORY, in welt's own build beside the program
# (where that is not set, to the caller's build folder; or to OUTPUT_DIRECTORY, for test plugins, which are not
# installed), and is installed to lib/welt/plugins, where an installed welt looks. presets/*.json of the calling folder
# go to presets/<name>/ beside the plugin. In welt's own build tests/*.cpp become the test program welt_<name>_tests,
# which goes through the built plugin and never links its sources. Elsewhere, where the program welt was found
# (WELT_PROGRAM), ctest gets the tests welt_<name>_loads, which is `welt plugin describe`, and, if that program checks
# plugins (WELT_PROGRAM_CHECKS), welt_<name>_conformance, which is `welt plugin check`.
#
# Sources know id and version as the texts WELT_PLUGIN_ID and WELT_PLUGIN_VERSION, so that the plugin's own table and
# its note cannot differ. C is compiled as C11 and C++ as C++20.
#
# STATIC (welt's own build only, there for all but test plugins by WELT_STATIC_PLUGINS) makes no file: the target is an
# object library, with the entry under the name <name>_welt_plugin_entry and a record that core/plugin/static_plugins.h
# finds in every program that links it. Plugins in one program need namespaces of their own, as ours have.
#
# One file for welt's own build and the installed package welt-sdk. It wants the targets welt::abi, welt::sdk,
# welt::sdk_text and, for TORCH, welt::sdk_nn and welt::libtorch; and the variables WELT_SDK_VERSION, LibTorch_VERSION_MAJOR and _MINOR.
set(WELT_PLUGIN_TEMPLATES "${CMAKE_CURRENT_LIST_DIR}")

# Which sanitizers the calling folder compiles with, as WELT_SANITIZER_… bits.
function(_welt_sanitizer_bits result)
  get_directory_property(options COMPILE_OPTIONS)
  set(flags "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS} ${options}")
  set(bits 0)
  if(flags MATCHES "-fsanitize=[^ ;]*address")
    math(EXPR bits "${bits} | 1")
  endif()
  if(flags MATCHES "-fsanitize=[^ ;]*undefined")
    math(EXPR bits "${bits} | 2")
  endif()
  if(flags MATCHES "-fsanitize=[^ ;]*thread")
    math(EXPR bits "${bits} | 4")
  endif()
  set(${result} ${bits} PARENT_SCOPE)
endfunction()

# Writes the note's source in the plugin's language: in C++ the compiler itself knows its string ABI.
function(_welt_plugin_note target name id version torch language)
  set(WELT_NOTE_ID "${id}")
  set(WELT_NOTE_VERSION "${version}")
  set(WELT_NOTE_SDK_VERSION "${WELT_SDK_VERSION}")
  set(WELT_NOTE_COMPILER "${CMAKE_${language}_COMPILER_ID} ${CMAKE_${language}_COMPILER_VERSION}")
  _welt_sanitizer_bits(WELT_NOTE_SANITIZERS)
  if(torch)
    set(WELT_NOTE_KIND WELT_KIND_TORCH_LINKED)
    set(WELT_NOTE_LIBTORCH_MAJOR ${LibTorch_VERSION_MAJOR})
    set(WELT_NOTE_LIBTORCH_MINOR ${LibTorch_VERSION_MINOR})
  else()
    set(WELT_NOTE_KIND WELT_KIND_TORCH_FREE)
    set(WELT_NOTE_LIBTORCH_MAJOR 0)
    set(WELT_NOTE_LIBTORCH_MINOR 0)
  endif()
  set(extension c)
  if(language STREQUAL CXX)
    set(extension cpp)
  endif()
  set(note "${CMAKE_CURRENT_BINARY_DIR}/welt_${name}_note.${extension}")
  configure_file("${WELT_PLUGIN_TEMPLATES}/plugin_note.in" "${note}" @ONLY)
  target_sources(${target} PRIVATE "${note}")
endfunction()

# A file of its own: exports the entry alone, and is never unloaded.
function(_welt_plugin_module target name folder)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${WELT_PLUGIN_TEMPLATES}/plugin_exports.map"
    LINKER:-z,nodelete)
  if(NOT (WELT_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES Clang))   # clang leaves the sanitizer's symbols to the host
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  # The libraries of LibTorch are those the host has loaded already: a plugin says no path of its own.
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME "welt_${name}.plugin" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${folder}" SKIP_BUILD_RPATH ON BUILD_RPATH "" INSTALL_RPATH ""
    INSTALL_RPATH_USE_LINK_PATH OFF LINK_DEPENDS "${WELT_PLUGIN_TEMPLATES}/plugin_exports.map")
endfunction()

# Part of a program. A definition renames the entry, so that one written by hand needs no change either.
function(_welt_plugin_static target name)
  get_filename_component(sources "${WELT_PLUGIN_TEMPLATES}" DIRECTORY)
  if(NOT EXISTS "${sources}/core/plugin/static_record.h")
    message(FATAL_ERROR "welt_add_plugin(${name} STATIC): a plugin is linked into welt in welt's own build only; here it "
      "is a file")
  endif()
  target_compile_definitions(${target} PRIVATE "WELT_STATIC_PLUGIN=\"${name}\""
    welt_plugin_entry=${name}_welt_plugin_entry)
  target_include_directories(${target} PRIVATE "${sources}")
endfunction()

# How all sources of a plugin are compiled, whatever their language.
function(_welt_plugin_compilation target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(TARGET welt_warnings)
    target_link_libraries(${target} PRIVATE welt_warnings)
  endif()
endfunction()

function(welt_add_plugin_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_SOURCES OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "welt_add_plugin_library(${name}): expected SOURCES; not understood: '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LIBRARIES} welt::sdk_text welt::sdk welt::abi)
  target_compile_features(${name} PRIVATE cxx_std_20)
  _welt_plugin_compilation(${name})
endfunction()

function(welt_add_plugin name)
  cmake_parse_arguments(ARG "TORCH;STATIC" "VERSION;ID;OUTPUT_DIRECTORY" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "welt_add_plugin(${name}): the name becomes a file name: lower-case letters, digits and _ only")
  endif()
  if(NOT ARG_SOURCES OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "welt_add_plugin(${name}): expected SOURCES; not understood: '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  set(id "${ARG_ID}")
  if(NOT id)
    set(id "${name}")
  endif()
  set(version "${ARG_VERSION}")
  if(NOT version)
    set(version "${PROJECT_VERSION}")
  endif()
  if(NOT version)
    set(version 0.0.0)
  endif()
  string(LENGTH "${id}" id_length)
  string(LENGTH "${version}" version_length)
  if(id_length GREATER 63 OR version_length GREATER 31)
    message(FATAL_ERROR "welt_add_plugin(${name}): id '${id}' (at most 63 bytes) or version '${version}' (31) is too long")
  endif()

  if(ARG_TORCH AND NOT TARGET welt::sdk_nn)
    message(FATAL_ERROR "welt_add_plugin(${name} TORCH): LibTorch ${WELT_SDK_LIBTORCH}, which this SDK was built with, "
      "was not found (found: '${LibTorch_VERSION}' in '${LibTorch_ROOT_DIR}'). Set WELT_LIBTORCH to its folder, with "
      "include/ and lib/, before find_package(welt-sdk). Looked in\n    ${LibTorch_TRIED}")
  endif()

  set(language C)
  if("${ARG_SOURCES}" MATCHES "\\.(cc|cpp|cxx)(;|$)")
    set(language CXX)
  endif()
  set(target welt_${name}_plugin)
  if(WELT_STATIC_PLUGINS AND NOT ARG_OUTPUT_DIRECTORY)
    set(ARG_STATIC ON)
  endif()
  set(form MODULE)
  if(ARG_STATIC)
    set(form OBJECT)
  endif()
  add_library(${target} ${form} ${ARG_SOURCES})
  _welt_plugin_note(${target} ${name} "${id}" "${version}" "${ARG_TORCH}" ${language})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES} welt::sdk welt::abi)
  if(ARG_TORCH)
    target_link_libraries(${target} PRIVATE welt::sdk_nn welt::libtorch)
  endif()
  target_compile_definitions(${target} PRIVATE "WELT_PLUGIN_ID=\"${id}\"" "WELT_PLUGIN_VERSION=\"${version}\"")
  if(language STREQUAL CXX)
    target_link_libraries(${target} PRIVATE welt::sdk_text)
    target_compile_features(${target} PRIVATE cxx_std_20)
  else()
    target_compile_features(${target} PRIVATE c_std_11)
  endif()
  _welt_plugin_compilation(${target})
  set(folder "${CMAKE_CURRENT_BINARY_DIR}")
  if(ARG_OUTPUT_DIRECTORY)
    set(folder "${ARG_OUTPUT_DIRECTORY}")
  elseif(CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set(folder "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  endif()
  if(ARG_STATIC)
    _welt_plugin_static(${target} ${name})
  else()
    _welt_plugin_module(${target} ${name} "${folder}")
  endif()

  file(GLOB presets CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/presets/*.json")
  foreach(preset IN LISTS presets)
    get_filename_component(file_name "${preset}" NAME)
    configure_file("${preset}" "${folder}/presets/${name}/${file_name}" COPYONLY)
  endforeach()
  if(NOT ARG_OUTPUT_DIRECTORY)
    set_property(GLOBAL APPEND PROPERTY WELT_PLUGIN_TARGETS ${target})
    if(ARG_STATIC)
      target_sources(welt_static_plugins INTERFACE $<TARGET_OBJECTS:${target}>)
      target_link_libraries(welt_static_plugins INTERFACE ${target})
    else()
      install(TARGETS ${target} LIBRARY DESTINATION "lib/welt/plugins")
    endif()
    if(presets)
      install(FILES ${presets} DESTINATION "lib/welt/plugins/presets/${name}")
    endif()
  endif()

  if(WELT_PROGRAM AND NOT ARG_OUTPUT_DIRECTORY)
    add_test(NAME welt_${name}_loads COMMAND "${WELT_PROGRAM}" plugin describe "$<TARGET_FILE:${target}>")
    if(WELT_PROGRAM_CHECKS)
      add_test(NAME welt_${name}_conformance COMMAND "${WELT_PROGRAM}" plugin check "$<TARGET_FILE:${target}>")
    endif()
  endif()
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tests/*.cpp")
  if(BUILD_TESTING AND tests AND COMMAND welt_add_tests)
    set(library LIBRARIES welt_core)
    if(ARG_TORCH)
      set(library TENSORS LIBRARIES welt_model)
    endif()
    welt_add_tests(welt_${name}_tests SOURCES ${tests} ${library})
    add_dependencies(welt_${name}_tests ${target})
  endif()
endfunction()
