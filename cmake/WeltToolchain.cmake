# Language standard, optimisation, warnings and build accelerators for every target of this project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or Asan" FORCE)
endif()
# -g1 keeps line numbers in back traces at a fraction of the link time of -g.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# GCC collects its garbage anew with each third more of memory. With some 500 MB before the first time a file takes up to
# 200 MB more and a tenth less time.
add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,GNU>:SHELL:--param ggc-min-expand=300 --param ggc-min-heapsize=524288>")

option(WELT_WERROR "Treat warnings as errors" ON)
add_library(welt_warnings INTERFACE)
target_compile_options(welt_warnings INTERFACE -Wall -Wextra -Wpedantic -Wno-missing-field-initializers
                       $<$<BOOL:${WELT_WERROR}>:-Werror>)

# Fuzzing by libFuzzer (tests/fuzz): everything reports its coverage, the harnesses bring the fuzzer.
option(WELT_FUZZ "Instrument for libFuzzer and build the harnesses as its programs (clang)" OFF)
if(WELT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "WELT_FUZZ needs clang, which brings libFuzzer; the compiler is ${CMAKE_CXX_COMPILER_ID}. Use "
      "the preset `fuzz` (Debian: apt-get install clang libclang-rt-14-dev). Without it the harnesses run in the tests")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(WELT_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
if(WELT_SANITIZE)
  add_compile_options(-fsanitize=${WELT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${WELT_SANITIZE})
  # GCC sees uninitialised values in what the sanitizers insert (its manual warns of that), here in LibTorch's headers.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
endif()

find_program(WELT_CCACHE ccache)
if(WELT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Files with precompiled headers (the tests) are kept too: it wants to be told that nothing in them hangs on the time.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${WELT_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${WELT_CCACHE}")
endif()
find_program(WELT_MOLD mold)
if(WELT_MOLD)
  # Segments begin at pages: mold 1.10 otherwise lets what is read-only after relocation begin on a page that is not
  # there, if the code ends a few bytes before one and a thread-local bool follows. Such a program does not start.
  add_link_options(-fuse-ld=mold LINKER:-z,separate-loadable-segments)
endif()
