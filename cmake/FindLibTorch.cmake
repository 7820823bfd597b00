# Finds LibTorch's C++ part and defines welt::libtorch (CPU libraries only; CUDA is opened at run time, never linked).
#
# Order: WELT_LIBTORCH (variable or environment; a folder with include/ and lib/), Torch_DIR (…/share/cmake/Torch),
# then WELT_DEPS_DIR or .deps/ as scripts/setup.sh fills it. The first that is one is taken, whatever its version; but a
# WELT_LIBTORCH that is none is an error. From the environment it is remembered, as one given with -D is: CMake may run
# again at any later build.
# Results: LibTorch_ROOT_DIR, LibTorch_VERSION, LibTorch_VERSION_MAJOR/MINOR, LibTorch_TRIED (a text: where was looked).
set(_candidates)
set(_given "$ENV{WELT_LIBTORCH}")
if(WELT_LIBTORCH)
  if(_given AND NOT _given STREQUAL WELT_LIBTORCH)
    message(WARNING "WELT_LIBTORCH is '${_given}' in the environment and '${WELT_LIBTORCH}' in this build folder, which "
      "counts; -DWELT_LIBTORCH=… changes it")
  endif()
  set(_given "${WELT_LIBTORCH}")
endif()
if(_given)
  if(NOT EXISTS "${_given}/lib/libtorch_cpu.so" OR NOT EXISTS "${_given}/include/ATen/core/Tensor.h")
    message(FATAL_ERROR "WELT_LIBTORCH is '${_given}', which is no LibTorch: it lacks lib/libtorch_cpu.so or "
      "include/ATen/core/Tensor.h. Set it to the folder `torch` of the Python package, or leave it out "
      "(-UWELT_LIBTORCH) to have the others looked for")
  endif()
  set(WELT_LIBTORCH "${_given}" CACHE PATH "A folder with LibTorch's include/ and lib/ in it")
  list(APPEND _candidates "${_given}")
endif()
foreach(_dir IN ITEMS "${Torch_DIR}" "$ENV{Torch_DIR}")
  if(_dir)
    get_filename_component(_root "${_dir}/../../.." ABSOLUTE)
    list(APPEND _candidates "${_root}")
  endif()
endforeach()
if(DEFINED ENV{WELT_DEPS_DIR})
  list(APPEND _candidates "$ENV{WELT_DEPS_DIR}/python/torch")
endif()
list(APPEND _candidates "${CMAKE_SOURCE_DIR}/.deps/python/torch")

set(LibTorch_ROOT_DIR "")
foreach(_root IN LISTS _candidates)
  if(NOT LibTorch_ROOT_DIR AND EXISTS "${_root}/lib/libtorch_cpu.so" AND EXISTS "${_root}/include/ATen/core/Tensor.h")
    set(LibTorch_ROOT_DIR "${_root}")
  endif()
endforeach()

if(LibTorch_ROOT_DIR)
  set(_version_header "${LibTorch_ROOT_DIR}/include/torch/headeronly/version.h")
  if(NOT EXISTS "${_version_header}")
    set(_version_header "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include/torch/version.h")
  endif()
  file(STRINGS "${_version_header}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  foreach(_part IN ITEMS MAJOR MINOR PATCH)
    string(REGEX REPLACE ".*TORCH_VERSION_${_part} ([0-9]+).*" "\\1" LibTorch_VERSION_${_part} "${_lines}")
  endforeach()
  set(LibTorch_VERSION "${LibTorch_VERSION_MAJOR}.${LibTorch_VERSION_MINOR}.${LibTorch_VERSION_PATCH}")
endif()

include(FindPackageHandleStandardArgs)
string(REPLACE ";" "\n    " LibTorch_TRIED "${_candidates}")
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_ROOT_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "looked for lib/libtorch_cpu.so in\n    ${LibTorch_TRIED}\n  Run scripts/setup.sh, or set \
WELT_LIBTORCH to a LibTorch folder")

if(LibTorch_FOUND AND NOT TARGET welt::libtorch)
  add_library(welt::libtorch_cpu SHARED IMPORTED)
  set_target_properties(welt::libtorch_cpu PROPERTIES
    IMPORTED_LOCATION "${LibTorch_ROOT_DIR}/lib/libtorch_cpu.so")
  add_library(welt::libc10 SHARED IMPORTED)
  set_target_properties(welt::libc10 PROPERTIES IMPORTED_LOCATION "${LibTorch_ROOT_DIR}/lib/libc10.so")
  add_library(welt::libtorch_headers INTERFACE IMPORTED)
  # Behind the system's folders: the wheel carries a copy of fmt of another version than the one we link.
  target_compile_options(welt::libtorch_headers INTERFACE
    "SHELL:-idirafter \"${LibTorch_ROOT_DIR}/include\""
    "SHELL:-idirafter \"${LibTorch_ROOT_DIR}/include/torch/csrc/api/include\"")
  add_library(welt::libtorch INTERFACE IMPORTED)
  target_link_libraries(welt::libtorch INTERFACE welt::libtorch_headers welt::libtorch_cpu welt::libc10)
  # The wheel's libraries find CUDA's runtime by their own RPATH; the linker has to be told not to ask for it.
  target_link_options(welt::libtorch INTERFACE -Wl,--allow-shlib-undefined)
endif()

# LibTorch's own OpenMP, for our parallel loops: two of them in a process would each start threads.
if(LibTorch_FOUND AND NOT TARGET welt::openmp)
  add_library(welt::openmp INTERFACE IMPORTED)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND EXISTS "${LibTorch_ROOT_DIR}/lib/libgomp.so.1")
    target_compile_options(welt::openmp INTERFACE -fopenmp)
    target_link_libraries(welt::openmp INTERFACE "${LibTorch_ROOT_DIR}/lib/libgomp.so.1")
  endif()
endif()
