/* Findings of `stoa doctor`, printed as they are made. */
#ifndef STOA_CLI_DOCTOR_H
#define STOA_CLI_DOCTOR_H

#include "cli.h"

struct doctor {
	struct cli *cli;
	int bad;
};

/* about: what was looked at, one or two words. */
void doctor_good(struct doctor *doctor, const char *about, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* remedy: what to do, in full sentences. */
void doctor_bad(struct doctor *doctor, const char *about, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void doctor_files(struct doctor *doctor);
void doctor_services(struct doctor *doctor);
/* Asks a running site. */
void doctor_site(struct doctor *doctor, const char *url);
/* Reads an Apache configuration file for what mod_fcgid needs. */
void doctor_apache(struct doctor *doctor, const char *path);

#endif
