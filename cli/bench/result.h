/* The result of a run of `stoa bench`. */
#ifndef STOA_CLI_BENCH_RESULT_H
#define STOA_CLI_BENCH_RESULT_H

#endif
