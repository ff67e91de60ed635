#pragma once

/// How many allocations the calling thread has made so far, by whatever function.
long callocationcounter_count(void);
