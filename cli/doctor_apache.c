#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENOUGH_PROCESSES 24 /* of the widget's responder; the others see less traffic */
#define ENOUGH_BODY 1048576
#define ENOUGH_SCORE 1000

struct fcgid {
	struct doctor *doctor;
	const char *path;
	bool used, passes_auth, by_command; /* by_command: FcgidCmdOptions sets a responder's processes */
	long least, most, score, body;      /* of the class; mod_fcgid's defaults until a line says otherwise */
};

static void judge_processes(const struct fcgid *fcgid, const char *what, long least, long most, long enough)
{
	if (most < enough || least < most)
		doctor_bad(fcgid->doctor, "processes", "Keep both alike, at 1.5 times the requests at once that you expect: a request that finds "
			"no free process waits a whole second.", "%s has at least %ld and at most %ld processes", what, least, most);
}

/* FcgidCmdOptions /path/stoa-widget MinProcesses 32 MaxProcesses 32 … */
static void command_options(struct fcgid *fcgid, char *text)
{
	char *name = strsep(&text, " \t\""), *option;
	long least = fcgid->least, most = fcgid->most;
	const char *program = name && strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	if (!program || strncmp(program, "stoa-", 5))
		return;
	while ((option = strsep(&text, " \t\""))) {
		if (!strcasecmp(option, "MinProcesses") && text)
			least = strtol(text, NULL, 10);
		else if (!strcasecmp(option, "MaxProcesses") && text)
			most = strtol(text, NULL, 10);
	}
	fcgid->by_command = true;
	judge_processes(fcgid, program, least, most, strcmp(program, "stoa-widget") ? 1 : ENOUGH_PROCESSES);
}

/* fcntl locks are a process's: of two threads of one process that wait for two of them the kernel says that they block each other (EDEADLK), and
 * mod_fcgid then never uses that slot of its process table again. */
static void judge_mutex(const struct fcgid *fcgid, const char *value)
{
	if (!strncasecmp(value, "file", 4) || !strncasecmp(value, "fcntl", 5))
		doctor_bad(fcgid->doctor, "mutex", "Leave the line out, or set \"Mutex pthread\".", "\"Mutex %s\" with mod_fcgid and a threaded MPM loses "
			"a process at a time under load, until every request ends with 503", value);
}

/* One directive; the file may be any part of Apache's configuration, so all others are ignored. */
static void directive(struct fcgid *fcgid, const char *name, char *value)
{
	static const char PREFIX[] = "Fcgid";
	if (!strcasecmp(name, "CGIPassAuth") && !strncasecmp(value, "On", 2))
		fcgid->passes_auth = true;
	if (!strcasecmp(name, "Mutex"))
		judge_mutex(fcgid, value);
	if (strncasecmp(name, PREFIX, sizeof PREFIX - 1))
		return;
	fcgid->used = true;
	name += sizeof PREFIX - 1;
	if (!strcasecmp(name, "PassHeader") && !strncasecmp(value, "Authorization", 13))
		fcgid->passes_auth = true;
	else if (!strcasecmp(name, "CmdOptions"))
		command_options(fcgid, value);
	else if (!strcasecmp(name, "MinProcessesPerClass"))
		fcgid->least = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "MaxProcessesPerClass"))
		fcgid->most = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "SpawnScoreUpLimit"))
		fcgid->score = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "MaxRequestLen"))
		fcgid->body = strtol(value, NULL, 10);
}

static void judge(const struct fcgid *fcgid)
{
	if (!fcgid->passes_auth)
		doctor_bad(fcgid->doctor, "authorization", "Add \"CGIPassAuth On\" to the <Directory> or <Location> of the responders.",
			"%s lets mod_fcgid strip the Authorization header", fcgid->path);
	if (!fcgid->by_command)
		judge_processes(fcgid, "every responder", fcgid->least, fcgid->most, ENOUGH_PROCESSES);
	if (fcgid->score < ENOUGH_SCORE)
		doctor_bad(fcgid->doctor, "processes", "Set FcgidSpawnScoreUpLimit 1000.", "FcgidSpawnScoreUpLimit is %ld: after a burst Apache "
			"starts about one process a second", fcgid->score);
	if (fcgid->body < ENOUGH_BODY)
		doctor_bad(fcgid->doctor, "body limit", "Set FcgidMaxRequestLen 1048576 at server level.",
			"FcgidMaxRequestLen is %ld: larger bodies get a 500", fcgid->body);
}

void doctor_apache(struct doctor *doctor, const char *path)
{
	struct fcgid fcgid = {.doctor = doctor, .path = path, .least = 3, .most = 100, .score = 10, .body = 131072};
	int before = doctor->bad;
	FILE *file = fopen(path, "r");
	char line[2048];
	if (!file) {
		doctor_bad(doctor, "apache", "Name the file that configures the responders.", "%s: %s", path, strerror(errno));
		return;
	}
	while (fgets(line, sizeof line, file)) {
		char *at = line + strspn(line, " \t");
		at[strcspn(at, "\r\n")] = '\0';
		char *name = strsep(&at, " \t");
		if (!at || *name == '#')
			continue;
		directive(&fcgid, name, at + strspn(at, " \t\""));
	}
	fclose(file);
	if (fcgid.used)
		judge(&fcgid);
	if (doctor->bad == before)
		doctor_good(doctor, "apache", fcgid.used ? "%s gives mod_fcgid what it needs" : "%s does not use mod_fcgid", path);
}
