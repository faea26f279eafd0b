/* Configurations of the size that a plan tells (observe/capacity.h), from the templates in deploy/generate/. */
#ifndef STOA_CLI_DEPLOY_H
#define STOA_CLI_DEPLOY_H

#include "cli.h"

#include "observe/capacity.h"

/* A template by its path without ".mustache". "SYSTEM" in it: one file of each system. Generated (cli/deploy_files.c), as are the folders. */
struct deploy_file { const char *path, *text; };
extern const struct deploy_file DEPLOY_FILES[]; /* ends with a NULL path */
extern const char DEPLOY_LIBEXEC[], DEPLOY_SYSCONF[];

/* Writes each file below folder, which is made where it is missing, and prints its path. What is there is replaced. */
enum err deploy_write(struct cli *cli, const struct capacity_plan *plan, const char *folder);

#endif
