// C-Raft's header, made fit for C++, and the version that the rules in core.cc hold for. Included by the .cc files that
// talk to the library and by nobody else.
#pragma once
#pragma GCC system_header  // no warnings about what is done to a keyword here

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// The header defines types inside sizeof, for a check that concerns the library's own authors. C++ has no such thing.
#define static_assert(...)
extern "C" {
#include <raft.h>
}
#undef static_assert

// Before 0.22.1 the library commits entries of older terms by counting replicas (Raft, figure 8) and has no raft_step.
#if !defined(RAFT_VERSION_NUMBER) || RAFT_VERSION_NUMBER < 2201
#error "libraft 0.22.1 or newer is needed; Debian 12 has it in bookworm-backports"
#endif
