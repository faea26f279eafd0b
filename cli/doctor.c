#include "doctor.h"

#include <stdarg.h>

void doctor_good(struct doctor *doctor, const char *about, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(doctor->cli->out, "ok    %-14s ", about);
	vfprintf(doctor->cli->out, format, args);
	fputc('\n', doctor->cli->out);
	va_end(args);
}

void doctor_bad(struct doctor *doctor, const char *about, const char *remedy, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	doctor->bad++;
	fprintf(doctor->cli->out, "BAD   %-14s ", about);
	vfprintf(doctor->cli->out, format, args);
	fprintf(doctor->cli->out, "\n      %-14s %s\n", "", remedy);
	va_end(args);
}

static int doctor_run(struct cli *cli, int argc, char **argv)
{
	struct doctor doctor = {.cli = cli};
	const char *url = cli_option(&argc, argv, "--url"), *apache = cli_option(&argc, argv, "--apache");
	if (argc > 1)
		return cli_usage(&COMMAND_DOCTOR);
	doctor_files(&doctor);
	doctor_services(&doctor);
	if (apache)
		doctor_apache(&doctor, apache);
	if (url)
		doctor_site(&doctor, url);
	fprintf(cli->out, doctor.bad ? "%d to mend\n" : "nothing to mend\n", doctor.bad);
	return doctor.bad ? 1 : 0;
}

const struct command COMMAND_DOCTOR = {
	.name = "doctor",
	.usage = "doctor [--url http://127.0.0.1:8080] [--apache CONFIGURATION-FILE]",
	.doc = "find what is often wrong: files, database, cache, worker, clock; with --url also what the web server does to requests",
	.needs = NEED_CONF,
	.run = doctor_run,
};
