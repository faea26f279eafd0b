/* Rows as JSON: what customers wrote comes back in text, arrays and json columns; whatever it is, the result is JSON. The first
 * byte chooses the column's type; of a time, which PostgreSQL writes itself, only the copying is tried. */
#include "base/utf8.h"
#include "pg/rows.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const Oid TYPES[] = {25, 1009, 1184, 17, 1015};
	char name[] = "column";
	if (size < 1 || size > 4096 || memchr(data + 1, 0, size - 1) || !utf8_valid((const char *)data + 1, size - 1))
		return 0;
	Oid type = TYPES[data[0] % (sizeof TYPES / sizeof *TYPES)];
	PGresAttDesc column = {.name = name, .typid = type, .typlen = -1, .atttypmod = -1};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	char *value = strndup((const char *)data + 1, size - 1);
	if (!result || !value || !PQsetResultAttrs(result, 1, &column) || !PQsetvalue(result, 0, 0, value, (int)size - 1))
		abort();
	struct buffer out = {0};
	rows_array(&out, result, 0, 1);
	struct json_tokener *reader = json_tokener_new_ex(8192);
	struct json_object *root = json_tokener_parse_ex(reader, out.data, (int)out.length);
	if (type != 1184 && (!root || json_tokener_get_parse_end(reader) != out.length))
		abort();
	json_object_put(root);
	json_tokener_free(reader);
	buffer_free(&out);
	free(value);
	PQclear(result);
	return 0;
}
