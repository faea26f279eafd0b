#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENOUGH_PROCESSES 24
#define ENOUGH_BODY 1048576
#define ENOUGH_SCORE 1000

struct fcgid {
	bool used, passes_auth;
	long least, most, score, body; /* mod_fcgid's defaults until a line says otherwise */
};

/* One directive; the file may be any part of Apache's configuration, so all others are ignored. */
static void directive(struct fcgid *fcgid, const char *name, const char *value)
{
	static const char PREFIX[] = "Fcgid";
	if (!strcasecmp(name, "CGIPassAuth") && !strcasecmp(value, "On"))
		fcgid->passes_auth = true;
	if (strncasecmp(name, PREFIX, sizeof PREFIX - 1))
		return;
	fcgid->used = true;
	name += sizeof PREFIX - 1;
	if (!strcasecmp(name, "PassHeader") && !strcasecmp(value, "Authorization"))
		fcgid->passes_auth = true;
	else if (!strcasecmp(name, "MinProcessesPerClass"))
		fcgid->least = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "MaxProcessesPerClass"))
		fcgid->most = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "SpawnScoreUpLimit"))
		fcgid->score = strtol(value, NULL, 10);
	else if (!strcasecmp(name, "MaxRequestLen"))
		fcgid->body = strtol(value, NULL, 10);
}

static void judge(struct doctor *doctor, const struct fcgid *fcgid, const char *path)
{
	int before = doctor->bad;
	if (!fcgid->passes_auth)
		doctor_bad(doctor, "authorization", "Add \"CGIPassAuth On\" to the <Directory> or <Location> of the responders.",
			"%s lets mod_fcgid strip the Authorization header", path);
	if (fcgid->most < ENOUGH_PROCESSES || fcgid->least < fcgid->most)
		doctor_bad(doctor, "processes", "Set both to 1.5 times the requests at once that you expect: a request that finds no free process "
			"waits a whole second.", "FcgidMinProcessesPerClass is %ld and FcgidMaxProcessesPerClass %ld", fcgid->least, fcgid->most);
	if (fcgid->score < ENOUGH_SCORE)
		doctor_bad(doctor, "processes", "Set FcgidSpawnScoreUpLimit 1000.", "FcgidSpawnScoreUpLimit is %ld: after a burst Apache starts "
			"about one process a second", fcgid->score);
	if (fcgid->body < ENOUGH_BODY)
		doctor_bad(doctor, "body limit", "Set FcgidMaxRequestLen 1048576 at server level.",
			"FcgidMaxRequestLen is %ld: larger bodies get a 500", fcgid->body);
	if (doctor->bad == before)
		doctor_good(doctor, "apache", "%s gives mod_fcgid what it needs", path);
}

void doctor_apache(struct doctor *doctor, const char *path)
{
	struct fcgid fcgid = {.least = 3, .most = 100, .score = 10, .body = 131072};
	FILE *file = fopen(path, "r");
	char line[1024];
	if (!file) {
		doctor_bad(doctor, "apache", "Name the file that configures the responders.", "%s: %s", path, strerror(errno));
		return;
	}
	while (fgets(line, sizeof line, file)) {
		char *at = line + strspn(line, " \t");
		char *name = strsep(&at, " \t\r\n");
		if (!at || *name == '#')
			continue;
		at += strspn(at, " \t\"");
		at[strcspn(at, " \t\r\n\"")] = '\0';
		directive(&fcgid, name, at);
	}
	fclose(file);
	if (fcgid.used)
		judge(doctor, &fcgid, path);
	else
		doctor_good(doctor, "apache", "%s does not use mod_fcgid", path);
}
