#include "base/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct header {
	char mark[48];
	uint64_t bytes;
	uint64_t spare;
};

#define HEADER_BYTES 64
_Static_assert(sizeof(struct header) == HEADER_BYTES, "memory behind the header keeps its alignment");

enum outcome { MAPPED, AGAIN, FAILED };

static bool complain(char message_out[256], const char *path, const char *what, int error)
{
	snprintf(message_out, 256, "%.150s: %s: %s", path, what, strerror(error));
	return false;
}

static void give_to_folder_owner(int fd, const char *path)
{
	char folder[PATH_MAX];
	struct stat about;
	if (geteuid() != 0)
		return;
	snprintf(folder, sizeof folder, "%s", path);
	if (stat(dirname(folder), &about) == 0 && fchown(fd, about.st_uid, about.st_gid) != 0)
		return; /* root's own file still works for root */
}

static int open_or_make(const char *path)
{
	/* Without O_CREAT first: in a sticky folder the kernel refuses O_CREAT on somebody else's file. */
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd >= 0)
		give_to_folder_owner(fd, path);
	return fd;
}

static bool still_named(int fd, const char *path, struct stat *about)
{
	struct stat named;
	return fstat(fd, about) == 0 && stat(path, &named) == 0 && about->st_dev == named.st_dev && about->st_ino == named.st_ino;
}

static void fill(struct shared *shared, const char *mark, void (*prepare)(void *memory))
{
	struct header *header = shared->map;
	if (prepare)
		prepare(shared->memory);
	header->bytes = shared->bytes;
	memcpy(header->mark, mark, strlen(mark));
}

static bool map(struct shared *shared, int fd)
{
	shared->map = mmap(NULL, shared->map_bytes, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (shared->map == MAP_FAILED)
		return false;
	shared->memory = (char *)shared->map + HEADER_BYTES;
	return true;
}

/* Holds the file's lock. */
static enum outcome map_locked(struct shared *shared, int fd, const char *path, const char *mark, void (*prepare)(void *memory),
	char message_out[256])
{
	struct stat about;
	if (!still_named(fd, path, &about))
		return AGAIN;
	bool fresh = about.st_size == 0;
	if (fresh) {
		/* Reserve the space now: a full tmpfs would answer a later write with SIGBUS. */
		int error = posix_fallocate(fd, 0, (off_t)shared->map_bytes);
		if (error != 0) {
			unlink(path);
			complain(message_out, path, "cannot reserve space", error);
			return FAILED;
		}
	}
	bool fits = fresh || about.st_size == (off_t)shared->map_bytes;
	if (fits && !map(shared, fd)) {
		complain(message_out, path, "cannot map", errno);
		return FAILED;
	}
	if (fresh) {
		fill(shared, mark, prepare);
		return MAPPED;
	}
	if (fits) {
		struct header *header = shared->map;
		if (header->bytes == shared->bytes && strncmp(header->mark, mark, sizeof header->mark) == 0)
			return MAPPED;
		munmap(shared->map, shared->map_bytes);
	}
	if (unlink(path) != 0 && errno != ENOENT) {
		complain(message_out, path, "has another layout and cannot be replaced", errno);
		return FAILED;
	}
	return AGAIN;
}

bool shared_open(struct shared *shared, const char *path, const char *mark, size_t bytes, void (*prepare)(void *memory),
	char message_out[256])
{
	if (strlen(mark) >= sizeof ((struct header *)0)->mark)
		abort();
	*shared = (struct shared){.bytes = bytes, .map_bytes = HEADER_BYTES + bytes};
	enum outcome outcome = AGAIN;
	for (int turn = 0; turn < 100 && outcome == AGAIN; turn++) {
		int fd = open_or_make(path);
		if (fd < 0 && errno == ENOENT && turn < 99)
			continue; /* removed between the two opens, or the folder is missing */
		if (fd < 0) {
			complain(message_out, path, "cannot open", errno);
			outcome = FAILED;
			break;
		}
		while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
			;
		outcome = map_locked(shared, fd, path, mark, prepare, message_out);
		flock(fd, LOCK_UN); /* the mapping keeps the open file, and so its lock, beyond close() */
		close(fd);
	}
	if (outcome == AGAIN)
		snprintf(message_out, 256, "%.150s: another process keeps replacing it", path);
	if (outcome != MAPPED)
		*shared = (struct shared){0};
	return outcome == MAPPED;
}

void shared_private(struct shared *shared, size_t bytes, void (*prepare)(void *memory))
{
	*shared = (struct shared){.bytes = bytes, .map_bytes = HEADER_BYTES + bytes};
	if (!map(shared, -1)) {
		perror("shared_private");
		abort();
	}
	fill(shared, "private", prepare);
}

void shared_close(struct shared *shared)
{
	if (shared->map)
		munmap(shared->map, shared->map_bytes);
	*shared = (struct shared){0};
}
