#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail

#include "web/web.h"

#include <stdlib.h>
#include <string.h>

static enum err nothing(struct req *req, struct rep *rep)
{
	(void)req;
	(void)rep;
	return OK;
}

struct id_input {
	const char *id, *other;
};

static const struct field ID[] = {INPUT(struct id_input, id, "id", IN_PATH, FIELD_TEXT, .doc = "x"), FIELD_END};
static const struct field IDS[] = {INPUT(struct id_input, id, "id", IN_PATH, FIELD_TEXT, .doc = "x"),
	INPUT(struct id_input, other, "other", IN_PATH, FIELD_TEXT, .doc = "x"), FIELD_END};

#define ROW(method_, path_, ...) \
	{.method = (method_), .path = (path_), .access = ACCESS_PUBLIC, .class = CLASS_READ, .run = nothing, .doc = "x", ##__VA_ARGS__}
#define ROW_ID(method_, path_) ROW(method_, path_, .input = ID, .input_size = sizeof(struct id_input))

static const struct route ROUTES[] = {
	ROW(METHOD_GET, "/"),
	ROW(METHOD_GET, "/things"),
	ROW(METHOD_POST, "/things"),
	ROW_ID(METHOD_GET, "/things/:id"),
	ROW_ID(METHOD_DELETE, "/things/:id"),
	ROW(METHOD_GET, "/things/new"),
	ROW(METHOD_GET, "/things/new/draft"),
	ROW_ID(METHOD_GET, "/things/:id/parts"),
	ROW(METHOD_PUT, "/things/:id/parts/:other", .input = IDS, .input_size = sizeof(struct id_input)),
	ROUTE_END};

static const struct family FAMILY = {.name = "test", .tables = (const struct route *const[]){ROUTES, NULL}};

struct match_row {
	enum method method;
	const char *path;
	int route; /* row of ROUTES, -1 = none */
	const char *id, *other;
	unsigned methods;
};

static const struct match_row MATCHES[] = {
	{METHOD_GET, "/", 0, NULL, NULL, 1 << METHOD_GET},
	{METHOD_GET, "/things", 1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_POST},
	{METHOD_POST, "/things", 2, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_POST},
	{METHOD_PUT, "/things", -1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_POST},
	{METHOD_GET, "/things/7", 3, "7", NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_DELETE, "/things/a%20b", 4, "a b", NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/things/new", 5, NULL, NULL, 1 << METHOD_GET},
	/* the literal has no DELETE, the parameter has */
	{METHOD_DELETE, "/things/new", 4, "new", NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/things/new/draft", 6, NULL, NULL, 1 << METHOD_GET},
	{METHOD_GET, "/things/new/parts", 7, "new", NULL, 1 << METHOD_GET},
	{METHOD_PUT, "/things/1/parts/2", 8, "1", "2", 1 << METHOD_PUT},
	{METHOD_GET, "/things/", -1, NULL, NULL, 0},
	{METHOD_GET, "//things", -1, NULL, NULL, 0},
	{METHOD_GET, "/things/1/parts/", -1, NULL, NULL, 0},
	{METHOD_GET, "/thing", -1, NULL, NULL, 0},
	{METHOD_GET, "/thingsx", -1, NULL, NULL, 0},
	{METHOD_GET, "things", -1, NULL, NULL, 0},
	{METHOD_GET, "", -1, NULL, NULL, 0},
	{METHOD_GET, "/things/%2F", -1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/things/%00", -1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/things/%ff", -1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/things/%zz", -1, NULL, NULL, 1 << METHOD_GET | 1 << METHOD_DELETE},
	{METHOD_GET, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", -1, NULL, NULL, 0},
};

static void paths_match(void **state)
{
	struct ctx ctx;
	(void)state;
	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof MATCHES / sizeof *MATCHES; i++) {
		const struct match_row *row = &MATCHES[i];
		struct pairs path;
		unsigned methods;
		const struct route *route = route_match(&FAMILY, row->method, row->path, &ctx, &path, &methods);
		print_message("%s %s\n", method_text(row->method), row->path);
		assert_ptr_equal(route, row->route < 0 ? NULL : &ROUTES[row->route]);
		assert_int_equal(methods, row->methods);
		if (row->id)
			assert_string_equal(pairs_find(&path, "id"), row->id);
		if (row->other)
			assert_string_equal(pairs_find(&path, "other"), row->other);
		if (route)
			assert_int_equal(path.count, !!row->id + !!row->other);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

/* The match must not depend on the number of routes, nor on the order of rows. */
static void many_routes(void **state)
{
	enum { COUNT = 500 };
	static struct route routes[COUNT + 1];
	static char paths[COUNT][32];
	static const struct route *tables[] = {routes, NULL};
	static struct family family = {.name = "many", .tables = tables};
	struct ctx ctx;
	struct pairs path;
	unsigned methods;
	(void)state;
	ctx_init(&ctx);
	for (int i = 0; i < COUNT; i++) {
		snprintf(paths[i], sizeof paths[i], "/x%d/y%d", i * 7919 % 101, i);
		routes[i] = (struct route)ROW(METHOD_GET, paths[i]);
	}
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(route_match(&family, METHOD_GET, paths[i], &ctx, &path, &methods), &routes[i]);
	ctx_free(&ctx);
}

struct refused {
	struct route route;
	const char *because;
};

static const struct field OUTSIDE[] = {{.name = "a", .type = FIELD_TEXT, .offset = 16, .doc = "x"}, FIELD_END};
static const struct field UNDOCUMENTED[] = {{.name = "a", .place = IN_QUERY, .type = FIELD_TEXT}, FIELD_END};
static const struct field TWICE[] = {{.name = "a", .place = IN_QUERY, .type = FIELD_TEXT, .doc = "x"},
	{.name = "a", .place = IN_QUERY, .type = FIELD_TEXT, .doc = "x"}, FIELD_END};
static const struct field NO_CHOICES[] = {{.name = "a", .place = IN_QUERY, .type = FIELD_ENUM, .doc = "x"}, FIELD_END};
static const struct field IN_THE_BODY[] = {{.name = "a", .type = FIELD_TEXT, .doc = "x"}, FIELD_END};
static const struct field CSRF[] = {{.name = "csrf", .type = FIELD_TEXT, .doc = "x"}, FIELD_END};
static const struct field UPSIDE_DOWN[] = {{.name = "a", .place = IN_QUERY, .type = FIELD_INT, .least = 5, .most = 2, .doc = "x"}, FIELD_END};
#define WITH(rows) .input = (rows), .input_size = sizeof(struct id_input)

static const struct refused REFUSED[] = {
	{{.method = METHOD_GET, .path = "/a", .class = CLASS_READ, .run = nothing, .doc = "x"}, "access"},
	{{.method = METHOD_GET, .path = "/a", .access = ACCESS_PUBLIC, .run = nothing, .doc = "x"}, "class"},
	{{.method = METHOD_GET, .path = "/a", .access = ACCESS_PUBLIC, .class = CLASS_READ, .run = nothing}, "doc"},
	{{.method = METHOD_GET, .path = "/a", .access = ACCESS_PUBLIC, .class = CLASS_READ, .doc = "x"}, "handler"},
	{{.path = "/a", .access = ACCESS_PUBLIC, .class = CLASS_READ, .run = nothing, .doc = "x"}, "method"},
	{ROW(METHOD_GET, "a"), "slash"},
	{ROW(METHOD_GET, "/a/:id"), "parameter"},
	{ROW(METHOD_GET, "/a", WITH(ID)), "not in the path"},
	{ROW(METHOD_GET, "/a/:identity", WITH(ID)), "not in the path"},
	{ROW(METHOD_POST, "/a", WITH(OUTSIDE)), "outside"},
	{ROW(METHOD_GET, "/a", WITH(UNDOCUMENTED)), "doc"},
	{ROW(METHOD_GET, "/a", WITH(TWICE)), "twice"},
	{ROW(METHOD_GET, "/a", WITH(NO_CHOICES)), "choices"},
	{ROW(METHOD_GET, "/a", WITH(IN_THE_BODY)), "body"},
	{ROW(METHOD_GET, "/a", WITH(UPSIDE_DOWN)), "least"},
	{ROW(METHOD_POST, "/a", WITH(CSRF), .form = true), "serve"},
	{ROW(METHOD_GET, "/a", .cors = true), "CORS"},
	{ROW(METHOD_GET, "/a", .shape = REPLY_FIELDS), "reply"},
	{ROW(METHOD_GET, "/a", .shape = REPLY_LIST), "rows"},
};

static void bad_rows_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
		const struct route routes[] = {REFUSED[i].route, ROUTE_END};
		const struct family family = {.name = "test", .tables = (const struct route *const[]){routes, NULL}};
		char message[256] = "";
		print_message("%s\n", REFUSED[i].because);
		assert_false(route_check(&family, message));
		assert_non_null(strstr(message, REFUSED[i].because));
	}
}

static void the_same_path_twice(void **state)
{
	static const struct route ROWS[] = {ROW_ID(METHOD_GET, "/a/:id"), ROW_ID(METHOD_GET, "/a/:id"), ROUTE_END};
	static const struct route *const TABLES[] = {ROWS, NULL};
	static const struct family TWIN = {.name = "twin", .tables = TABLES};
	char message[256] = "";
	(void)state;
	assert_false(route_check(&TWIN, message));
	assert_non_null(strstr(message, "GET /a/:id stands twice"));
	assert_true(route_check(&FAMILY, message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(paths_match), cmocka_unit_test(many_routes),
		cmocka_unit_test(bad_rows_are_refused), cmocka_unit_test(the_same_path_twice)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
