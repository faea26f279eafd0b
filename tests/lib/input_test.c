#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "web/site.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct input {
	const char *text, *lines, *id, *email, *url, *choice, *from_query, *from_header, *maybe;
	int64_t number, page;
	bool flag, maybe_sent, number_sent;
	struct json_object *json, *texts, *tags;
};

#define FIELD(member, name, place, type, ...) INPUT(struct input, member, name, place, type, .doc = "x", ##__VA_ARGS__)
static const struct field FIELDS[] = {
	FIELD(text, "text", IN_BODY, FIELD_TEXT, .required = true, .least = 2, .most = 5),
	FIELD(lines, "lines", IN_BODY, FIELD_LINES, .most = 20),
	FIELD(id, "id", IN_BODY, FIELD_ID),
	FIELD(email, "email", IN_BODY, FIELD_EMAIL),
	FIELD(url, "url", IN_BODY, FIELD_URL),
	FIELD(choice, "choice", IN_BODY, FIELD_ENUM, .choices = "red|green|greener"),
	FIELD(number, "number", IN_BODY, FIELD_INT, .least = -5, .most = 10, .present = offsetof(struct input, number_sent)),
	FIELD(flag, "flag", IN_BODY, FIELD_BOOL),
	FIELD(json, "json", IN_BODY, FIELD_JSON, .least = 2, .most = 20),
	FIELD(texts, "texts", IN_BODY, FIELD_TEXTS, .most = 2),
	FIELD(maybe, "maybe", IN_BODY, FIELD_TEXT, .nullable = true, .present = offsetof(struct input, maybe_sent)),
	FIELD(from_query, "q", IN_QUERY, FIELD_TEXT, .most = 8),
	FIELD(page, "page", IN_QUERY, FIELD_INT, .least = 1, .most = 9),
	FIELD(tags, "tag", IN_QUERY, FIELD_TEXTS, .most = 3),
	FIELD(from_header, "X-Thing", IN_HEADER, FIELD_TEXT, .most = 10),
	FIELD_END};
static const struct route JSON_ROUTE = {.method = METHOD_POST, .path = "/x", .input = FIELDS, .input_size = sizeof(struct input)};
static const struct route FORM_ROUTE = {.method = METHOD_POST, .path = "/x", .input = FIELDS, .input_size = sizeof(struct input), .form = true};
static const struct route BARE_ROUTE = {.method = METHOD_POST, .path = "/x"};

struct sent {
	const char *type, *thing;
};

static const char *header(const struct req *req, const char *name)
{
	const struct sent *sent = req->transport;
	if (!strcasecmp(name, "Content-Type"))
		return sent->type;
	return strcasecmp(name, "X-Thing") ? NULL : sent->thing;
}

static enum err read_request(struct req *req, const struct route *route, struct sent *sent, const char *query, const char *body, size_t length)
{
	ctx_reset(&req->ctx);
	req->route = route;
	req->transport = sent;
	req->header = header;
	req->query = query;
	req->body = body;
	req->body_length = length;
	return input_read(req);
}

static void assert_refused(const struct req *req, enum err got, enum err wanted, const char *field, const char *what)
{
	if (got != wanted || strcmp(req->ctx.fault.field, field))
		fail_msg("%s: %s at \"%s\", wanted %s at \"%s\" (%s)", what, error_name(got), req->ctx.fault.field, error_name(wanted), field,
			req->ctx.fault.detail);
}

struct row {
	const char *body;
	enum err err;
	const char *field;
};

static const struct row BODIES[] = {
	{"{\"text\":\"abc\"}", OK, ""},
	{"{\"text\":\"ab\"}", OK, ""},
	{"{\"text\":\"äöüßx\"}", OK, ""}, /* five characters */
	{"{\"text\":\"a\"}", ERR_INVALID, "text"},
	{"{\"text\":\"abcdef\"}", ERR_INVALID, "text"},
	{"{\"text\":\"a\\nb\"}", ERR_INVALID, "text"},
	{"{\"text\":\"a\\u0085b\"}", ERR_INVALID, "text"},
	{"{\"text\":\"a\\u0000b\"}", ERR_BAD_INPUT, NULL},
	{"{\"text\":7}", ERR_BAD_INPUT, "text"},
	{"{\"text\":null}", ERR_BAD_INPUT, "text"},
	{"{\"text\":[\"abc\"]}", ERR_BAD_INPUT, "text"},
	{"{}", ERR_BAD_INPUT, "text"},
	{"[]", ERR_BAD_INPUT, ""},
	{"\"abc\"", ERR_BAD_INPUT, ""},
	{"{\"text\":\"abc\"", ERR_BAD_INPUT, ""},
	{"{\"text\":\"abc\"} x", ERR_BAD_INPUT, ""},
	{"{\"text\":\"abc\",\"text\":\"abd\"}", ERR_BAD_INPUT, NULL},
	{"{\"text\":\"\xff\xfe\"}", ERR_BAD_INPUT, ""},
	{"{\"text\":\"abc\",\"extra\":1}", ERR_BAD_INPUT, "extra"},
	{"{\"text\":\"abc\",\"q\":\"in the wrong place\"}", ERR_BAD_INPUT, "q"},
	{"{\"text\":\"abc\",\"csrf\":\"x\"}", ERR_BAD_INPUT, "csrf"},
	{"{\"text\":\"abc\",\"lines\":\"a\\n\\tb\"}", OK, ""},
	{"{\"text\":\"abc\",\"lines\":\"\"}", OK, ""},
	{"{\"text\":\"abc\",\"lines\":\"a\\u0007b\"}", ERR_INVALID, "lines"},
	{"{\"text\":\"abc\",\"id\":\"01936f3e-7c1a-7d2b-8e4f-5a6b7c8d9e0f\"}", OK, ""},
	{"{\"text\":\"abc\",\"id\":\"01936f3e-7c1a-7d2b-8e4f-5a6b7c8d9e0\"}", ERR_BAD_INPUT, "id"},
	{"{\"text\":\"abc\",\"email\":\"a@b\"}", OK, ""},
	{"{\"text\":\"abc\",\"email\":\"a b@c.example\"}", ERR_INVALID, "email"},
	{"{\"text\":\"abc\",\"email\":\"a@b@c.example\"}", ERR_INVALID, "email"},
	{"{\"text\":\"abc\",\"email\":\"@c.example\"}", ERR_INVALID, "email"},
	{"{\"text\":\"abc\",\"email\":\"a@\"}", ERR_INVALID, "email"},
	{"{\"text\":\"abc\",\"email\":\"a@c..example\"}", ERR_INVALID, "email"},
	{"{\"text\":\"abc\",\"url\":\"https://shop.example/x?y\"}", OK, ""},
	{"{\"text\":\"abc\",\"url\":\"javascript:alert(1)\"}", ERR_INVALID, "url"},
	{"{\"text\":\"abc\",\"url\":\"https://\"}", ERR_INVALID, "url"},
	{"{\"text\":\"abc\",\"url\":\"https://a b\"}", ERR_INVALID, "url"},
	{"{\"text\":\"abc\",\"choice\":\"green\"}", OK, ""},
	{"{\"text\":\"abc\",\"choice\":\"gree\"}", ERR_INVALID, "choice"},
	{"{\"text\":\"abc\",\"choice\":\"\"}", ERR_INVALID, "choice"},
	{"{\"text\":\"abc\",\"choice\":\"red|green\"}", ERR_INVALID, "choice"},
	{"{\"text\":\"abc\",\"number\":-5}", OK, ""},
	{"{\"text\":\"abc\",\"number\":11}", ERR_INVALID, "number"},
	{"{\"text\":\"abc\",\"number\":-6}", ERR_INVALID, "number"},
	{"{\"text\":\"abc\",\"number\":1.5}", ERR_BAD_INPUT, "number"},
	{"{\"text\":\"abc\",\"number\":\"1\"}", ERR_BAD_INPUT, "number"},
	{"{\"text\":\"abc\",\"flag\":false}", OK, ""},
	{"{\"text\":\"abc\",\"flag\":0}", ERR_BAD_INPUT, "flag"},
	{"{\"text\":\"abc\",\"json\":{\"a\":[1,2]}}", OK, ""},
	{"{\"text\":\"abc\",\"json\":[]}", OK, ""},
	{"{\"text\":\"abc\",\"json\":1}", ERR_BAD_INPUT, "json"},
	{"{\"text\":\"abc\",\"json\":{\"a\":\"0123456789012345678\"}}", ERR_INVALID, "json"},
	{"{\"text\":\"abc\",\"texts\":[\"a\",\"b\"]}", OK, ""},
	{"{\"text\":\"abc\",\"texts\":[\"a\",\"b\",\"c\"]}", ERR_INVALID, "texts"},
	{"{\"text\":\"abc\",\"texts\":[\"a\",1]}", ERR_BAD_INPUT, "texts"},
	{"{\"text\":\"abc\",\"texts\":[\"\"]}", ERR_INVALID, "texts"},
	{"{\"text\":\"abc\",\"texts\":\"a\"}", ERR_BAD_INPUT, "texts"},
	{"{\"text\":\"abc\",\"maybe\":null}", OK, ""},
	{"{\"text\":\"abc\",\"number\":null}", ERR_BAD_INPUT, "number"},
	{"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", ERR_BAD_INPUT, ""},
};

static void json_bodies(void **state)
{
	struct req *req = *state;
	struct sent sent = {.type = "application/json"};
	for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
		const struct row *row = &BODIES[i];
		enum err err = read_request(req, &JSON_ROUTE, &sent, "", row->body, strlen(row->body));
		assert_refused(req, err, row->err, row->field ? row->field : req->ctx.fault.field, row->body);
	}
}

static void values_arrive(void **state)
{
	struct req *req = *state;
	struct sent sent = {.type = "application/json; charset=UTF-8", .thing = "hello"};
	static const char BODY[] = "{\"number\":7,\"flag\":true,\"text\":\"abc\",\"json\":{\"a\":1},\"texts\":[\"x\"],\"lines\":\"a\\r\\nb\",\"maybe\":null}";
	assert_int_equal(read_request(req, &JSON_ROUTE, &sent, "page=3&q=a%20b+c&tag=x&tag=y", BODY, sizeof BODY - 1), OK);
	const struct input *input = req->input;
	assert_string_equal(input->text, "abc");
	assert_string_equal(input->lines, "a\nb");
	assert_int_equal(input->number, 7);
	assert_true(input->flag && input->maybe_sent && input->number_sent);
	assert_null(input->maybe);
	assert_int_equal(json_int(input->json, "a", 0), 1);
	assert_int_equal(json_object_array_length(input->texts), 1);
	assert_int_equal(json_object_array_length(input->tags), 2);
	assert_int_equal(input->page, 3);
	assert_string_equal(input->from_query, "a b c");
	assert_string_equal(input->from_header, "hello");
	assert_null(input->email);
}

struct query_row {
	const char *query;
	enum err err;
	const char *field;
};

static const struct query_row QUERIES[] = {
	{"", OK, ""}, {"q=x", OK, ""}, {"page=9", OK, ""}, {"page=10", ERR_INVALID, "page"}, {"page=x", ERR_BAD_INPUT, "page"},
	{"page=", ERR_BAD_INPUT, "page"}, {"page=+1", ERR_BAD_INPUT, "page"}, {"page=1e3", ERR_BAD_INPUT, "page"},
	{"page=99999999999999999999", ERR_INVALID, "page"}, {"q=x&q=y", ERR_BAD_INPUT, "q"}, {"nothing=1", ERR_BAD_INPUT, "nothing"},
	{"text=abc", ERR_BAD_INPUT, "text"}, {"q=%zz", ERR_BAD_INPUT, ""}, {"q=%00", ERR_BAD_INPUT, ""}, {"q=%ff", ERR_BAD_INPUT, ""},
	{"q=%0a", ERR_INVALID, "q"}, {"q=123456789", ERR_INVALID, "q"}, {"tag=a&tag=b&tag=c&tag=d", ERR_INVALID, "tag"},
};

static void queries(void **state)
{
	struct req *req = *state;
	struct sent sent = {.type = "application/json"};
	static const char BODY[] = "{\"text\":\"abc\"}";
	for (size_t i = 0; i < sizeof QUERIES / sizeof *QUERIES; i++) {
		enum err err = read_request(req, &JSON_ROUTE, &sent, QUERIES[i].query, BODY, sizeof BODY - 1);
		assert_refused(req, err, QUERIES[i].err, QUERIES[i].field, QUERIES[i].query);
	}
}

static const struct query_row FORMS[] = {
	{"text=abc", OK, ""}, {"text=abc&csrf=anything", OK, ""}, {"text=abc&csrf=a&csrf=b", ERR_BAD_INPUT, "csrf"},
	{"text=abc&flag=on", OK, ""}, {"text=abc&flag=yes", ERR_BAD_INPUT, "flag"}, {"text=abc&email=", OK, ""},
	{"text=abc&email=x", ERR_INVALID, "email"}, {"text=", ERR_BAD_INPUT, "text"}, {"text=abc&text=abd", ERR_BAD_INPUT, "text"},
	{"text=abc&other=1", ERR_BAD_INPUT, "other"}, {"text=abc&lines=a%0D%0Ab", OK, ""}, {"text=abc&texts=a&texts=b", OK, ""},
	{"text=abc&json=%7B%7D", OK, ""}, {"text=abc&json=%7B", ERR_BAD_INPUT, NULL},
};

static void forms(void **state)
{
	struct req *req = *state;
	struct sent sent = {.type = "application/x-www-form-urlencoded"};
	for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
		enum err err = read_request(req, &FORM_ROUTE, &sent, "", FORMS[i].query, strlen(FORMS[i].query));
		assert_refused(req, err, FORMS[i].err, FORMS[i].field ? FORMS[i].field : req->ctx.fault.field, FORMS[i].query);
	}
}

struct media_row {
	const char *type;
	const struct route *route;
	enum err err;
};

static const struct media_row MEDIA[] = {
	{"application/json", &JSON_ROUTE, OK}, {"Application/JSON ; charset=utf-8", &JSON_ROUTE, OK},
	{"application/json;charset=\"UTF-8\"", &JSON_ROUTE, OK}, {"application/json; charset=iso-8859-1", &JSON_ROUTE, ERR_MEDIA_TYPE},
	{"application/json, text/plain", &JSON_ROUTE, ERR_MEDIA_TYPE}, {"application/jsonx", &JSON_ROUTE, ERR_MEDIA_TYPE},
	{"text/plain", &JSON_ROUTE, ERR_MEDIA_TYPE}, {NULL, &JSON_ROUTE, ERR_MEDIA_TYPE}, {"", &JSON_ROUTE, ERR_MEDIA_TYPE},
	{"application/x-www-form-urlencoded", &JSON_ROUTE, ERR_MEDIA_TYPE}, {"application/json", &FORM_ROUTE, ERR_MEDIA_TYPE},
	{"application/json", &BARE_ROUTE, ERR_BAD_INPUT},
};

static void media_types(void **state)
{
	struct req *req = *state;
	static const char BODY[] = "{\"text\":\"abc\"}";
	for (size_t i = 0; i < sizeof MEDIA / sizeof *MEDIA; i++) {
		struct sent sent = {.type = MEDIA[i].type};
		enum err err = read_request(req, MEDIA[i].route, &sent, "", BODY, sizeof BODY - 1);
		assert_refused(req, err, MEDIA[i].err, "", MEDIA[i].type ? MEDIA[i].type : "none");
	}
}

static void headers(void **state)
{
	struct req *req = *state;
	static const char BODY[] = "{\"text\":\"abc\"}";
	static const struct { const char *value; enum err err; } ROWS[] = {
		{"fine", OK}, {"bad\xff", ERR_BAD_INPUT}, {"a\x01", ERR_INVALID}, {"longer than ten", ERR_INVALID}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct sent sent = {.type = "application/json", .thing = ROWS[i].value};
		enum err err = read_request(req, &JSON_ROUTE, &sent, "", BODY, sizeof BODY - 1);
		assert_refused(req, err, ROWS[i].err, ROWS[i].err == OK ? "" : "X-Thing", ROWS[i].value);
	}
}

/* A name from outside goes into the message: whatever it is, the message stays text. */
static void long_names(void **state)
{
	struct req *req = *state;
	struct sent sent = {.type = "application/json"};
	char body[2000] = "{\"text\":\"abc\",\"";
	while (strlen(body) < 1500)
		memcpy(body + strlen(body), "\xf0\x9f\x98\x80", 5);
	memcpy(body + strlen(body), "\":1}", 5);
	assert_int_equal(read_request(req, &JSON_ROUTE, &sent, "", body, strlen(body)), ERR_BAD_INPUT);
	struct rep rep = {0};
	req->header = header;
	problem_render(req, &rep, ERR_BAD_INPUT);
	assert_true(utf8_valid(rep.body.data, rep.body.length));
	struct json_object *problem;
	assert_int_equal(json_read(&req->ctx, rep.body.data, rep.body.length, 4, &problem), OK);
	assert_string_equal(json_text(problem, "code", ""), "bad-input");
	reply_free(&rep);
}

/* RFC 7240, sections 2 and 4.3. */
static void preferred_waits(void **state)
{
	static const struct { const char *field; int seconds; } ROWS[] = {
		{"wait=5", 5}, {"wait=0", 0}, {"wait=030", 30}, {"wait=31", 30}, {"wait=99999999999999999999", 30}, {"WAIT = 7", 7}, {"wait=\"8\"", 8},
		{"respond-async, wait=100", 30}, {" , ,wait=3 , wait=9", 3}, {"handling=lenient; a=1;b, wait=4;x=\"1,2\"", 4},
		{"x=\"a, wait=9\", wait=2", 2}, {"x=\"a\\\"b\",wait=6", 6}, {"respond-async;wait=5", -1}, {"", -1}, {",", -1}, {"wait", -1}, {"wait=", -1},
		{"wait=\"\"", -1}, {"wait=-1", -1}, {"wait=1.5", -1}, {"wait=5s", -1}, {"wait=x, wait=5", -1}, {"waits=5", -1}, {"awaits, =5", -1},
		{"x=\"open, wait=5", -1}, {"x=\"\\", -1}, {"wait=\"5", -1}, {"\xff\xfe=1", -1}, {"await;wait=\"", -1}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (prefer_wait_s(ROWS[i].field) != ROWS[i].seconds)
			fail_msg("%s: %d, wanted %d", ROWS[i].field, prefer_wait_s(ROWS[i].field), ROWS[i].seconds);
}

static int setup(void **state)
{
	struct req *req = calloc(1, sizeof *req);
	ctx_init(&req->ctx);
	*state = req;
	return 0;
}

static int teardown(void **state)
{
	struct req *req = *state;
	ctx_free(&req->ctx);
	free(req);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(json_bodies, setup, teardown), cmocka_unit_test_setup_teardown(values_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(queries, setup, teardown), cmocka_unit_test_setup_teardown(forms, setup, teardown),
		cmocka_unit_test_setup_teardown(media_types, setup, teardown), cmocka_unit_test_setup_teardown(headers, setup, teardown),
		cmocka_unit_test_setup_teardown(long_names, setup, teardown), cmocka_unit_test(preferred_waits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
