/* The parts of `stoa openapi`. Objects are new and belong to the caller. */
#ifndef STOA_CLI_OPENAPI_H
#define STOA_CLI_OPENAPI_H

#include "cli.h"

#include "web/web.h"

#include <json-c/json.h>

struct openapi {
	struct cli *cli;
	struct lease lease;
	struct json_object *schemas; /* components: rows of statements are added as they are met */
};

/* Of one value. reply: bounds are left out unless the row states them. */
struct json_object *schema_field(const struct field *field, bool reply);
/* An object of the rows with this place; csrf adds the field that forms carry. */
struct json_object *schema_fields(const struct field *fields, enum field_place place, bool reply, bool csrf);
/* A valid value, and a valid object of the required fields. */
struct json_object *example_field(const struct field *field);
struct json_object *example_fields(const struct field *fields, enum field_place place);
/* {"$ref": …} to the schema of a row of this statement, described by the database. */
enum err schema_rows(struct openapi *openapi, const struct statement *statement, struct json_object **ref_out);
struct json_object *schema_problem(void);

/* Adds a member with text. */
void put(struct json_object *object, const char *name, const char *text);

#endif
