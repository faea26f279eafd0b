#define _GNU_SOURCE /* memmem */

#include "text/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN "{{#_}}"
#define CLOSE "{{/_}}"
#define KEY_BYTES 4096

struct catalogue {
	struct json_object *texts;
};

static bool refuse(char message_out[256], const char *file, const char *what)
{
	snprintf(message_out, 256, "%.160s: %.90s", file, what);
	return false;
}

/* Runs of white space become one blank; none at either end. False: longer than a key may be. */
static bool key_of(const char *text, size_t bytes, char out[KEY_BYTES])
{
	size_t length = 0;
	bool blank = false;

	for (size_t i = 0; i < bytes; i++) {
		if (strchr(" \t\r\n", text[i])) {
			blank = length > 0;
			continue;
		}
		if (length + 2 >= KEY_BYTES)
			return false;
		if (blank)
			out[length++] = ' ';
		blank = false;
		out[length++] = text[i];
	}
	out[length] = '\0';
	return true;
}

static bool texts_add(struct catalogue *catalogue, const char *file, struct json_object *from, char message_out[256])
{
	char key[KEY_BYTES];
	struct json_object *before;

	json_object_object_foreach(from, english, said) {
		if (!json_object_is_type(said, json_type_string) || !key_of(english, strlen(english), key))
			return refuse(message_out, file, "holds something else than texts");
		if (json_object_object_get_ex(catalogue->texts, key, &before) && !json_object_equal(before, said))
			return refuse(message_out, file, "says a text otherwise than another file");
		json_object_object_add(catalogue->texts, key, json_object_get(said));
	}
	return true;
}

static bool file_read(struct catalogue *catalogue, const char *folder, const char *name, char message_out[256])
{
	struct json_object *texts;
	char path[4096];
	bool good;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return refuse(message_out, folder, "a path that is too long");
	texts = json_object_from_file(path);
	good = json_object_is_type(texts, json_type_object) ? texts_add(catalogue, path, texts, message_out) :
		refuse(message_out, path, "is no JSON object");
	json_object_put(texts);
	return good;
}

static bool folder_read(struct catalogue *catalogue, const char *path, char message_out[256])
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	bool good = true;

	if (!folder)
		return refuse(message_out, path, strerror(errno));
	while (good && (entry = readdir(folder))) {
		size_t length = strlen(entry->d_name);

		if (length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0)
			good = file_read(catalogue, path, entry->d_name, message_out);
	}
	closedir(folder);
	return good;
}

struct catalogue *catalogue_load(const char *folder, char message_out[256])
{
	struct catalogue *catalogue = calloc(1, sizeof *catalogue);

	if (!catalogue || !(catalogue->texts = json_object_new_object()))
		refuse(message_out, folder, "out of memory");
	else if (folder_read(catalogue, folder, message_out))
		return catalogue;
	catalogue_free(catalogue);
	return NULL;
}

void catalogue_free(struct catalogue *catalogue)
{
	if (catalogue)
		json_object_put(catalogue->texts);
	free(catalogue);
}

const char *catalogue_say(const struct catalogue *catalogue, const char *text, size_t bytes)
{
	char key[KEY_BYTES];
	struct json_object *said;

	if (!catalogue || !key_of(text, bytes, key) || !json_object_object_get_ex(catalogue->texts, key, &said))
		return text;
	return json_object_get_string(said);
}

void catalogue_apply(const struct catalogue *catalogue, const char *source, size_t bytes, struct buffer *out)
{
	const char *end = source + bytes, *at = source, *open, *close;

	while ((open = memmem(at, (size_t)(end - at), OPEN, strlen(OPEN))) &&
		(close = memmem(open, (size_t)(end - open), CLOSE, strlen(CLOSE)))) {
		const char *text = open + strlen(OPEN), *said = catalogue_say(catalogue, text, (size_t)(close - text));

		buffer_add(out, at, (size_t)(open - at));
		buffer_add(out, said, said == text ? (size_t)(close - text) : strlen(said));
		at = close + strlen(CLOSE);
	}
	buffer_add(out, at, (size_t)(end - at));
}
