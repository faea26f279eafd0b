/* Organisations, members, keys and audit over HTTP, through the dispatcher; and who may use each route. */
#include "tests/auth/people.h"

/* --- organisation and members --- */

static void test_organisation(void **state)
{
	struct caller caller;
	struct person owner, admin, stranger;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	expect(&caller, 200, "GET", "/api/v1/orgs/current", admin.access, NULL);
	assert_string_equal(data_text(&caller, "id"), owner.org_id);
	expect(&caller, 403, "PATCH", "/api/v1/orgs/current", admin.access, "{\"name\":\"Mine\"}");
	expect(&caller, 400, "PATCH", "/api/v1/orgs/current", owner.access, "{}");
	expect(&caller, 422, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"\"}");
	expect(&caller, 200, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"Größer & Co\"}");
	assert_string_equal(data_text(&caller, "name"), "Größer & Co");
	expect(&caller, 200, "GET", "/api/v1/orgs/current", stranger.access, NULL);
	assert_string_equal(data_text(&caller, "name"), "Org");
	assert_string_equal(sql("select before->>'name' || ' ' || (after->>'name') || ' ' || actor_id from audit_log where org_id = '%s' "
		"and action = 'organisation.update'", owner.org_id), form("Org Größer & Co %s", owner.account_id));
	caller_close(&caller);
}

static void test_member_add(void **state)
{
	struct caller caller;
	struct person owner, admin, other;
	char token[WHO_TOKEN_TEXT];

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &other);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	sql("delete from job");
	expect(&caller, 201, "POST", "/api/v1/users", admin.access, "{\"email\":\"new.analyst@example.com\",\"name\":\"Ana\",\"role\":\"analyst\"}");
	assert_string_equal(data_text(&caller, "role"), "analyst");
	assert_string_equal(data_text(&caller, "name"), "Ana");
	/* Invited: no password works until the link was used. */
	assert_int_equal(login(&caller, "new.analyst@example.com", ""), 422);
	assert_int_equal(login(&caller, "new.analyst@example.com", PASSWORD), 401);
	jobs_run();
	assert_non_null(strstr(relay.message, "you are now a member of Org"));
	assert_true(token_read(token));
	assert_int_equal(reset(&caller, token, "first password"), 204);
	assert_int_equal(login(&caller, "new.analyst@example.com", "first password"), 200);

	expect(&caller, 409, "POST", "/api/v1/users", admin.access, "{\"email\":\"NEW.analyst@example.com\",\"role\":\"admin\"}");
	expect(&caller, 422, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\",\"role\":\"king\"}");
	expect(&caller, 400, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\"}");
	expect(&caller, 403, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\",\"role\":\"owner\"}");
	assert_string_equal(sql("select count(*)::text from account where email = 'x@example.com'"), "0");

	/* Someone with an account elsewhere keeps it, and belongs to both. */
	expect(&caller, 201, "POST", "/api/v1/users", owner.access, form("{\"email\":\"%s\",\"name\":\"Other\",\"role\":\"readonly\"}", other.email));
	assert_string_equal(data_text(&caller, "id"), other.account_id);
	assert_string_equal(data_text(&caller, "name"), "Olga");
	assert_int_equal(login(&caller, other.email, PASSWORD), 200);
	assert_string_equal(client_text(&caller, "organisationId"), other.org_id);
	expect(&caller, 200, "POST", "/api/v1/auth/login", NULL,
		form("{\"email\":\"%s\",\"password\":\"" PASSWORD "\",\"organisationId\":\"%s\"}", other.email, owner.org_id));
	assert_string_equal(client_text(&caller, "role"), "readonly");
	assert_int_equal(audits(owner.org_id, "member.add"), 3);
	caller_close(&caller);
}

static void test_member_change(void **state)
{
	struct caller caller;
	struct person owner, admin, analyst, second, stranger;
	const char *analyst_path, *owner_path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	member_make(&caller, &owner, "analyst", &analyst);
	analyst_path = form("/api/v1/users/%s", analyst.account_id);
	owner_path = form("/api/v1/users/%s", owner.account_id);

	expect(&caller, 200, "GET", "/api/v1/users", analyst.access, NULL);
	assert_int_equal(rows_of(&caller), 3);
	assert_null(row_with(&caller, "id", stranger.account_id));
	expect(&caller, 200, "GET", "/api/v1/users?limit=2", analyst.access, NULL);
	expect(&caller, 200, "GET",
		form("/api/v1/users?limit=2&cursor=%s", json_text(json_object_object_get(caller.reply, "meta"), "next", "")), analyst.access, NULL);
	assert_int_equal(rows_of(&caller), 1);

	expect(&caller, 403, "PATCH", analyst_path, analyst.access, "{\"role\":\"admin\"}");
	expect(&caller, 404, "PATCH", analyst_path, stranger.access, "{\"role\":\"admin\"}");
	expect(&caller, 404, "DELETE", analyst_path, stranger.access, NULL);
	expect(&caller, 403, "PATCH", owner_path, admin.access, "{\"role\":\"readonly\"}");
	expect(&caller, 403, "DELETE", owner_path, admin.access, NULL);
	expect(&caller, 403, "PATCH", analyst_path, admin.access, "{\"role\":\"owner\"}");
	expect(&caller, 409, "PATCH", owner_path, owner.access, "{\"role\":\"admin\"}");
	expect(&caller, 409, "DELETE", owner_path, owner.access, NULL);
	expect(&caller, 200, "PATCH", owner_path, owner.access, "{\"role\":\"owner\"}");
	assert_int_equal(audits(owner.org_id, "member.role"), 0);

	/* A new role works at once. */
	expect(&caller, 403, "GET", "/api/v1/orgs/keys", analyst.access, NULL);
	expect(&caller, 200, "PATCH", analyst_path, admin.access, "{\"role\":\"admin\"}");
	assert_string_equal(data_text(&caller, "role"), "admin");
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", analyst.access, NULL);
	assert_string_equal(sql("select before->>'role' || (after->>'role') from audit_log where org_id = '%s' and action = 'member.role'",
		owner.org_id), "analystadmin");
	assert_string_equal(sql("select payload->'before'->>'role' || (payload->'after'->>'role') from event where org_id = '%s' and type = 'member.changed'",
		owner.org_id), "analystadmin");

	/* With a second owner the first may go. */
	member_make(&caller, &owner, "owner", &second);
	expect(&caller, 200, "PATCH", owner_path, owner.access, "{\"role\":\"admin\"}");
	expect(&caller, 403, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"Mine\"}");
	expect(&caller, 204, "DELETE", owner_path, second.access, NULL);
	expect(&caller, 401, "GET", "/api/v1/auth/me", owner.access, NULL);
	assert_int_equal(refresh(&caller, owner.refresh), 401);
	assert_string_equal(sql("select count(*)::text from account where id = '%s'", owner.account_id), "0");
	expect(&caller, 404, "DELETE", owner_path, second.access, NULL);
	expect(&caller, 400, "DELETE", "/api/v1/users/me", second.access, NULL);
	assert_int_equal(audits(owner.org_id, "member.remove"), 1);
	caller_close(&caller);
}

struct step_down {
	const struct person *person;
	enum err err;
};

static enum err step_down_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct step_down *step = argument;
	struct member before;

	return member_role_set(ctx, lease, step->person->org_id, step->person->account_id, ROLE_OWNER, ROLE_ADMIN, &before);
}

static void *step_down(void *argument)
{
	struct step_down *step = argument;
	struct ctx ctx;

	ctx_init(&ctx);
	step->err = change_run(&ctx, pool, step_down_run, step);
	ctx_free(&ctx);
	return NULL;
}

/* Two owners step down at the same moment: one of them stays. */
static void test_two_owners(void **state)
{
	struct caller caller;
	struct person first, second;
	struct step_down step = {.person = &second};
	struct member before;
	struct lease lease;
	pthread_t thread;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &first);
	member_make(&caller, &first, "owner", &second);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_role_set(&setup, &lease, first.org_id, first.account_id, ROLE_OWNER, ROLE_ADMIN, &before), OK);
	assert_int_equal(pthread_create(&thread, NULL, step_down, &step), 0);
	WAIT_FOR(strcmp(sql("select count(*)::text from pg_stat_activity where wait_event_type = 'Lock'"), "1") == 0);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	pthread_join(thread, NULL);
	assert_int_equal(step.err, ERR_CONFLICT);
	assert_string_equal(sql("select count(*)::text from membership where org_id = '%s' and role = 'owner'", first.org_id), "1");
	caller_close(&caller);
}

/* Who belongs elsewhere too keeps the account. */
static void test_member_of_two(void **state)
{
	struct caller caller;
	struct person owner, both;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &both);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/users", owner.access, form("{\"email\":\"%s\",\"role\":\"admin\"}", both.email));
	expect(&caller, 204, "DELETE", form("/api/v1/users/%s", both.account_id), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/auth/me", both.access, NULL);
	caller_close(&caller);
}

/* --- keys --- */

/* A key is resolved by a route of this family that refuses it for what it is, not for being unknown. */
static bool key_works(struct caller *caller, const char *key)
{
	int status = send_as(caller, "GET", "/api/v1/auth/me", key, NULL);

	if (status != 401 && status != 403)
		fail_msg("%d", status);
	return status == 403;
}

static void test_key_create(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field;
	} rows[] = {
		{"{\"kind\":\"widget\",\"live\":true}", 400, "name"},
		{"{\"name\":\"k\",\"live\":true}", 400, "kind"},
		{"{\"name\":\"k\",\"kind\":\"widget\"}", 400, "live"},
		{"{\"name\":\"k\",\"kind\":\"root\",\"live\":true}", 422, "kind"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":1}", 400, "live"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"shop.example\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"https://shop.example/path\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"*\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":\"https://shop.example\"}", 400, "origins"},
		{"{\"name\":\"k\",\"kind\":\"server\",\"live\":true,\"origins\":[\"https://shop.example\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"server\",\"live\":true,\"signatureRequired\":true}", 422, "signatureRequired"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"days\":0}", 422, "days"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"days\":3,\"expiresAt\":\"2999-01-01T00:00:00Z\"}", 422, "days"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"tomorrow, around noon\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2001-01-01T00:00:00Z\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-01-01T00:00:00.Z\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-01-01T00:00:00+0100\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-13-01T00:00:00Z\"}", 422, NULL},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"ratePerMinute\":0}", 422, "ratePerMinute"},
	};
	struct caller caller;
	struct person owner;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		send_as(&caller, "POST", "/api/v1/orgs/keys", owner.access, rows[i].body);
		if (caller.rep.status != rows[i].status || (rows[i].field && strcmp(client_text(&caller, "field"), rows[i].field)))
			fail_msg("%s: %s", rows[i].body, caller.rep.body.data);
	}
	assert_string_equal(sql("select count(*)::text from api_key where org_id = '%s'", owner.org_id), "0");
	caller_close(&caller);
}

static void test_key_kinds(void **state)
{
	static const struct {
		const char *body, *start;
		bool secret, expires, signature;
		const char *origins;
	} rows[] = {
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"HTTPS://Shop.example:443\",\"https://shop.example\","
			"\"http://localhost:8080\"]}", "stoa_live_", true, false, true, "{https://shop.example,http://localhost:8080}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":false}", "stoa_test_", true, false, false, "{}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"signatureRequired\":false,\"days\":7}", "stoa_live_", true, true, false, "{}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":false,\"signatureRequired\":true,\"expiresAt\":\"2999-01-01T00:00:00.5+01:00\"}",
			"stoa_test_", true, true, true, "{}"},
		{"{\"name\":\"s\",\"kind\":\"server\",\"live\":true}", "stoa_live_", false, true, false, "{}"},
		{"{\"name\":\"s\",\"kind\":\"server\",\"live\":false,\"ratePerMinute\":5}", "stoa_test_", false, true, false, "{}"},
	};
	struct caller caller;
	struct person owner;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *key, *id, *secret;

		expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, rows[i].body);
		key = form("%s", client_text(&caller, "key"));
		id = form("%s", client_text(&caller, "id"));
		secret = form("%s", client_text(&caller, "signingSecret"));
		assert_int_equal(strncmp(key, rows[i].start, strlen(rows[i].start)), 0);
		assert_int_equal(*secret != 0, rows[i].secret);
		assert_int_equal(*client_text(&caller, "expiresAt") != 0, rows[i].expires);
		assert_true(key_works(&caller, key));
		assert_string_equal(sql("select origins::text from api_key where id = '%s'", id), rows[i].origins);
		assert_string_equal(sql("select signature_required::text from api_key where id = '%s'", id), rows[i].signature ? "true" : "false");
		/* Nothing that opens is stored, and what must be read back is sealed for this organisation. */
		assert_string_equal(sql("select count(*)::text from api_key k where k::text like '%%%s%%'", key + strlen(key) - 40), "0");
		assert_string_equal(sql("select count(*)::text from audit_log k where k::text like '%%%s%%'", key + strlen(key) - 40), "0");
		if (rows[i].secret) {
			const char *hex = sql("select signing_sealed::text from api_key where id = '%s'", id), *opened;
			uint8_t sealed[256];
			size_t bytes;

			assert_int_equal(sodium_hex2bin(sealed, sizeof sealed, hex + 2, strlen(hex + 2), NULL, &bytes, NULL), 0);
			assert_int_equal(secret_unseal(&setup, owner.org_id, sealed, bytes, &opened, &bytes), OK);
			assert_string_equal(opened, secret);
		}
	}
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 6);
	assert_null(strstr(caller.rep.body.data, "signing"));
	assert_int_equal(audits(owner.org_id, "key.create"), 6);
	caller_close(&caller);
}

static void test_key_rotate(void **state)
{
	struct caller caller;
	struct person owner, stranger;
	const char *id, *key, *secret, *next, *path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access,
		"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"https://shop.example\"],\"days\":10,\"ratePerMinute\":77}");
	id = form("%s", client_text(&caller, "id"));
	key = form("%s", client_text(&caller, "key"));
	secret = form("%s", client_text(&caller, "signingSecret"));
	path = form("/api/v1/orgs/keys/%s/rotate", id);
	expect(&caller, 404, "POST", path, stranger.access, NULL);
	expect(&caller, 422, "POST", path, owner.access, "{\"overlapHours\":721}");
	expect(&caller, 201, "POST", path, owner.access, NULL);
	assert_string_equal(client_text(&caller, "replaces"), id);
	assert_string_not_equal(client_text(&caller, "key"), key);
	assert_string_not_equal(client_text(&caller, "signingSecret"), secret);
	next = form("%s", client_text(&caller, "id"));
	{
		const char *next_key = form("%s", client_text(&caller, "key"));

		assert_true(key_works(&caller, key));
		assert_true(key_works(&caller, next_key));
	}
	assert_string_equal(sql("select (o.expires_at between now() + interval '23 hours' and now() + interval '24 hours' and o.rotated_to = n.id "
		"and n.origins = o.origins and n.rate_per_minute = 77 and n.signature_required and n.name = o.name and n.live "
		"and n.expires_at between now() + interval '9 days' and now() + interval '11 days')::text "
		"from api_key o, api_key n where o.id = '%s' and n.id = '%s'", id, next), "true");
	/* Over at once. */
	expect(&caller, 201, "POST", form("/api/v1/orgs/keys/%s/rotate", next), owner.access, "{\"overlapHours\":0}");
	expect(&caller, 404, "POST", form("/api/v1/orgs/keys/%s/rotate", next), owner.access, NULL);
	assert_int_equal(audits(owner.org_id, "key.rotate"), 2);
	caller_close(&caller);
}

static void test_key_update(void **state)
{
	static const struct {
		const char *body;
		int status;
	} rows[] = {
		{"{}", 422},
		{"{\"live\":false}", 400},
		{"{\"origins\":[\"nope\"]}", 422},
		{"{\"name\":\"\"}", 422},
		{"{\"name\":null}", 400},
		{"{\"name\":\"renamed\"}", 200},
		{"{\"origins\":[\"https://a.example\",\"https://b.example\"],\"signatureRequired\":false,\"ratePerMinute\":5}", 200},
	};
	struct caller caller;
	struct person owner, stranger;
	const char *path, *server;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"w\",\"kind\":\"widget\",\"live\":true}");
	path = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect(&caller, rows[i].status, "PATCH", path, owner.access, rows[i].body);
	assert_string_equal(data_text(&caller, "name"), "renamed");
	assert_int_equal(json_int(data_of(&caller), "ratePerMinute", 0), 5);
	assert_false(json_flag(data_of(&caller), "signatureRequired", true));
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&caller), "origins")), 2);
	expect(&caller, 404, "PATCH", path, stranger.access, "{\"name\":\"mine\"}");
	expect(&caller, 200, "PATCH", path, owner.access, "{\"origins\":[]}");
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&caller), "origins")), 0);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	server = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	expect(&caller, 422, "PATCH", server, owner.access, "{\"origins\":[\"https://a.example\"]}");
	assert_int_equal(audits(owner.org_id, "key.update"), 3);
	caller_close(&caller);
}

static void test_key_revoke(void **state)
{
	struct caller caller;
	struct person owner, stranger;
	const char *key, *path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	key = form("%s", client_text(&caller, "key"));
	path = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	assert_true(key_works(&caller, key));
	expect(&caller, 404, "DELETE", path, stranger.access, NULL);
	assert_true(key_works(&caller, key));
	expect(&caller, 204, "DELETE", path, owner.access, NULL);
	assert_false(key_works(&caller, key));
	expect(&caller, 404, "DELETE", path, owner.access, NULL);
	expect(&caller, 404, "PATCH", path, owner.access, "{\"name\":\"x\"}");
	expect(&caller, 404, "POST", form("%s/rotate", path), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", stranger.access, NULL);
	assert_int_equal(rows_of(&caller), 0);
	caller_close(&caller);
}

/* --- audit --- */

static void test_audit(void **state)
{
	struct caller caller;
	struct person owner, admin, stranger;
	const char *cursor;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", admin.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	expect(&caller, 403, "GET", "/api/v1/orgs/audit", admin.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 5); /* organisation, session, member, session, key */
	{
		struct json_object *line = row_with(&caller, "action", "key.create");

		assert_string_equal(json_text(line, "actorId", ""), admin.account_id);
		assert_string_equal(json_text(line, "address", ""), "192.0.2.1");
		assert_string_equal(json_text(line, "agent", ""), "test/1");
		assert_string_equal(json_text(json_object_object_get(line, "after"), "kind", ""), "server");
	}
	expect(&caller, 200, "GET", "/api/v1/orgs/audit?action=member.add", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit?limit=4", owner.access, NULL);
	cursor = form("%s", json_text(json_object_object_get(caller.reply, "meta"), "next", ""));
	expect(&caller, 200, "GET", form("/api/v1/orgs/audit?limit=4&cursor=%s", cursor), owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	assert_non_null(row_with(&caller, "action", "organisation.create"));
	/* The cursor of another list is none here. */
	expect(&caller, 400, "GET", form("/api/v1/users?cursor=%s", cursor), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit", stranger.access, NULL);
	assert_int_equal(rows_of(&caller), 2);
	caller_close(&caller);
}

/* --- every route --- */

static const char *filled_path(const char *path)
{
	char *filled = arena_strdup(&setup.arena, path), *at = strstr(filled, ":id");

	return at ? form("%.*s" NOWHERE "%s", (int)(at - filled), filled, at + 3) : filled;
}

/* Nobody, keys and each role: refused exactly where the table says so, before anything is looked up. */
static void test_access_of_all(void **state)
{
	static const char *const roles[] = {"owner", "admin", "analyst", "readonly"};
	struct caller caller;
	struct person owner, people[4];
	struct key_made widget, server;
	int checked = 0;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (int i = 0; i < 4; i++)
		member_make(&caller, &owner, roles[i], &people[i]);
	key_add(&setup, pool, owner.org_id, true, true, &widget);
	key_add(&setup, pool, owner.org_id, false, true, &server);
	for (const struct route *const *table = FAMILY_AUTH.tables; *table; table++)
		for (const struct route *route = *table; route->path; route++) {
			const char *path = filled_path(route->path), *method = method_text(route->method);

			if (route->access == ACCESS_PUBLIC || strstr(path, "logout"))
				continue;
			expect(&caller, 401, method, path, NULL, NULL);
			expect(&caller, 401, method, path, "stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL);
			expect(&caller, 401, method, path, "nonsense", NULL);
			expect(&caller, 403, method, path, widget.key, NULL);
			expect(&caller, 403, method, path, server.key, NULL);
			for (int i = 0; i < 4; i++) {
				bool may = route->access == ACCESS_SESSION
					|| (role_permissions(role_parse(roles[i])) >> route->permission & 1);

				send_as(&caller, method, path, people[i].access, NULL);
				if ((caller.rep.status == 403) == may || caller.rep.status == 401 || caller.rep.status >= 500)
					fail_msg("%s %s as %s: %d", method, path, roles[i], caller.rep.status);
			}
			checked++;
		}
	assert_true(checked >= 16);
	caller_close(&caller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_organisation),
		cmocka_unit_test(test_member_add),
		cmocka_unit_test(test_member_change),
		cmocka_unit_test(test_two_owners),
		cmocka_unit_test(test_member_of_two),
		cmocka_unit_test(test_key_create),
		cmocka_unit_test(test_key_kinds),
		cmocka_unit_test(test_key_rotate),
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_key_revoke),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_access_of_all),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
