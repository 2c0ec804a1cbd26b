// CLanes is header-only; this file gives the target a source.
#include "CLanes.h"
