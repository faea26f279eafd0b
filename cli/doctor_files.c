#include "doctor.h"

#include "who/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void look_at_configuration(struct doctor *doctor)
{
	struct stat state;
	const char *path = conf_path();
	if (!path || stat(path, &state) || !S_ISREG(state.st_mode)) {
		doctor_good(doctor, "configuration", "%s", path ? path : "no file: defaults and environment");
		return;
	}
	if (state.st_mode & S_IRWXO)
		doctor_bad(doctor, "configuration", "It may hold passwords: chmod 640 it and give it the group of the programs.",
			"%s is open to everybody (mode %03o)", path, (unsigned)state.st_mode & 0777);
	else
		doctor_good(doctor, "configuration", "%s", path);
}

static void look_at_key(struct doctor *doctor)
{
	struct stat state;
	char message[256] = "";
	const char *path = conf_string("secret.key_file");
	if (stat(path, &state)) {
		doctor_bad(doctor, "house key", "Run `stoa migrate --init` as the programs' user, or restore the file from your backup: without "
			"it stored Stripe keys cannot be read.", "%s: %s", path, strerror(errno));
		return;
	}
	if (state.st_mode & (S_IRWXO | S_IWGRP))
		doctor_bad(doctor, "house key", "chmod 600 it (or 640, when a group of the programs must read it).",
			"%s may be read or written by others (mode %03o)", path, (unsigned)state.st_mode & 0777);
	else if (!secret_open(message))
		doctor_bad(doctor, "house key", "Restore the file from your backup, and see that this user may read it.", "%s", message);
	else
		doctor_good(doctor, "house key", "%s", path);
}

static void look_at_socket(struct doctor *doctor)
{
	struct stat state;
	const char *path = conf_string("web.socket");
	if (!*path)
		return;
	if (stat(path, &state)) {
		doctor_bad(doctor, "socket", "Start the responder, or correct web.socket.", "%s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISSOCK(state.st_mode))
		doctor_bad(doctor, "socket", "Remove it, or correct web.socket.", "%s is not a socket", path);
	else if (state.st_mode & S_IRWXO)
		doctor_bad(doctor, "socket", "Set web.socket_mode to 0660 or 0600: whoever can connect can pretend to be the web server.",
			"%s is open to everybody (mode %03o)", path, (unsigned)state.st_mode & 0777);
	else
		doctor_good(doctor, "socket", "%s", path);
}

/* Files through which all processes of the machine share counts: they must be ours alone and writable. */
static void look_at_shared(struct doctor *doctor, const char *key)
{
	struct stat state;
	const char *path = conf_string(key);
	if (!*path)
		return;
	if (stat(path, &state)) {
		char folder[512];
		const char *slash = strrchr(path, '/');
		snprintf(folder, sizeof folder, "%.*s", slash && slash != path ? (int)(slash - path) : 1, slash ? path : ".");
		if (access(folder, W_OK))
			doctor_bad(doctor, key, "Make the folder and give it to the programs' user, or set another path.",
				"%s cannot be made in %s: %s", path, folder, strerror(errno));
		return;
	}
	if (state.st_mode & S_IRWXO)
		doctor_bad(doctor, key, "chmod 600 it: whoever can write it can lift limits and spoil figures.",
			"%s is open to everybody (mode %03o)", path, (unsigned)state.st_mode & 0777);
	else if (access(path, R_OK | W_OK))
		doctor_bad(doctor, key, "Run the programs and this command as the same user, or remove the file while they are stopped.",
			"%s: %s", path, strerror(errno));
	else
		doctor_good(doctor, key, "%s", path);
}

static void look_at_folder(struct doctor *doctor, const char *key)
{
	struct stat state;
	const char *path = conf_string(key);
	if (stat(path, &state) || !S_ISDIR(state.st_mode) || access(path, R_OK | X_OK))
		doctor_bad(doctor, key, "Install the files, or correct the setting.", "%s cannot be read as a folder", path);
	else
		doctor_good(doctor, key, "%s", path);
}

void doctor_files(struct doctor *doctor)
{
	look_at_configuration(doctor);
	look_at_key(doctor);
	look_at_socket(doctor);
	look_at_shared(doctor, "cache.shared");
	look_at_shared(doctor, "metrics.file");
	look_at_shared(doctor, "rate.file");
	look_at_folder(doctor, "web.templates");
	look_at_folder(doctor, "web.assets");
}
