// Counts the calls of malloc and its relatives in the whole process, the Swift runtime included.
#pragma once

// The number of allocations so far; 0 for ever where they cannot be counted.
unsigned long long allocation_count(void);
// The bytes asked for so far.
unsigned long long allocation_bytes(void);
