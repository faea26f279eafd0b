/* Any configuration file: loaded within its bounds or refused with a message that names the file. */
#define _GNU_SOURCE /* memfd_create */

#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_row TABLE[] = {
	{"a.text", CONF_STRING, "x"},
	{"a.count", CONF_INT, "8", .least = 1, .most = 100},
	{"a.on", CONF_BOOL, "no"},
	{"b.wait", CONF_DURATION, "250ms"},
	{"b.size", CONF_BYTES, "64k", .secret = true},
	{"b.file", CONF_PATH, ""},
	CONF_END,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int file = -1;
	char path[64], message[256];

	if (file < 0) {
		conf_add(TABLE);
		file = memfd_create("stoa.conf", 0);
	}
	if (file < 0 || ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	if (conf_load(path, message)) {
		if (conf_int("a.count") < 1 || conf_int("a.count") > 100 || conf_ms("b.wait") < 0 || conf_int("b.size") < 0)
			abort();
	} else if (strncmp(message, path, strlen(path))) {
		abort();
	}
	return 0;
}
