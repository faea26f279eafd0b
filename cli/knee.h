/* The knee that measured costs predict, beside the one that a result of `stoa bench` shows. */
#ifndef STOA_CLI_KNEE_H
#define STOA_CLI_KNEE_H

#include "cli.h"

#include "observe/capacity.h"

/* Puts the mix of the requests that a result has answered in place of that of costs; ops keeps nothing that was not asked. ERR_INVALID: none of
 * them was of a route of Stoa. Else as result_load(). */
enum err knee_mix(struct ctx *ctx, const char *path, struct capacity_costs *costs);
/* Prints what costs predict for the result's mix and machine, and what it measured: the most that was answered as expected a second, over five
 * seconds. A result of bench/stage.mjs has what the programs spent ("house": looks at the processor time since they began): the prediction is
 * then made from the seconds in which everything was answered, else from the averages of systems, with a web server that takes front times
 * what lighttpd does. Errors as knee_mix(). */
enum err knee_print(struct cli *cli, const char *path, const struct capacity_costs *costs, double front);

#endif
