/* The pages for a test: a house with two organisations, people of the first with every role, what they see and send. */
#ifndef STOA_TESTS_VISITORS_H
#define STOA_TESTS_VISITORS_H

#include "tests/widget/client.h"

#include "pages/family.h"

enum { OWNER, ADMIN, ANALYST, READER, OPERATOR, PEOPLE };

static struct tenant alpha, bravo;
static struct caller caller;
static char tokens[PEOPLE][WHO_TOKEN_TEXT], people[PEOPLE][ID_TEXT];
static int reader; /* of the page that was read last */

/* p0@example.com is the owner, p1@example.com the admin, … */
static inline void person_add(int who)
{
	static const enum role ROLES[PEOPLE] = {ROLE_OWNER, ROLE_ADMIN, ROLE_ANALYST, ROLE_READONLY, ROLE_ANALYST};
	struct session_tokens made;
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, alpha.org_id, arena_printf(&setup.arena, "p%d@example.com", who), "P", ROLES[who], people[who]), OK);
	assert_int_equal(session_start(&setup, &lease, alpha.org_id, people[who], ROLES[who], &(struct client){0}, &made), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(tokens[who], WHO_TOKEN_TEXT, "%s", made.access);
	if (who == OPERATOR)
		sql("update account set operator = true where id = '%s'", people[who]);
}

static inline int request(int who, const char *target, const char *form)
{
	char cookie[128];
	const char *const headers[] = {"Cookie", cookie, "Sec-Fetch-Site", "same-origin", "User-Agent", "test/1", form ? "Content-Type" : NULL,
		"application/x-www-form-urlencoded", NULL};

	snprintf(cookie, sizeof cookie, PAGE_COOKIE "=%s", tokens[who]);
	reader = who;
	return client_send(&caller, form ? "POST" : "GET", target, NULL, form, form ? strlen(form) : 0, headers);
}

static inline const char *page(void)
{
	return caller.rep.body.length ? caller.rep.body.data : "";
}

static inline void visit(int who, const char *target, int status)
{
	request(who, target, NULL);
	assert_status(&caller, status);
}

/* Sends a form with the token of the page that was read last, which is this person's: with another's the form is refused whatever they may do. */
static inline void submit(int who, const char *target, const char *fields, int status)
{
	const char *at = strstr(page(), "name=\"csrf\" value=\"");
	const char *form;

	assert_non_null(at);
	assert_int_equal(who, reader);
	form = arena_printf(&setup.arena, "csrf=%.*s%s%s", (int)strcspn(at + 19, "\""), at + 19, *fields ? "&" : "", fields);
	request(who, target, form);
	assert_status(&caller, status);
}

static inline void assert_shows(const char *const *texts, bool shown)
{
	for (; *texts; texts++)
		if ((strstr(page(), *texts) != NULL) != shown)
			fail_msg("%s \"%s\": %s", shown ? "does not show" : "shows", *texts, page());
}
#define SHOWS(...) assert_shows((const char *const[]){__VA_ARGS__, NULL}, true)
#define HIDES(...) assert_shows((const char *const[]){__VA_ARGS__, NULL}, false)

static inline int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	ctx_init(&setup);
	setenv("STOA_WEB_TEMPLATES", arena_printf(&setup.arena, "%s/templates", getenv("STOA_ROOT")), 1);
	setenv("STOA_WEB_ASSETS", getenv("STOA_TEST_DIR"), 1);
	FILE *manifest = fopen(arena_printf(&setup.arena, "%s/manifest.json", getenv("STOA_TEST_DIR")), "w");
	assert_non_null(manifest);
	fputs("{\"widget.js\": \"widget.aa.js\", \"pages.css\": \"pages.aa.css\"}", manifest);
	fclose(manifest);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example", 1);
	setting("STOA_WEB_SESSION_PER_MINUTE", "0");
	log_open("pages", "/dev/null", LOG_ERROR);
	caller_open(&caller);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_PAGES, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &alpha);
	tenant_add(&setup, pool, &bravo);
	for (int who = 0; who < PEOPLE; who++)
		person_add(who);
	return 0;
}

static inline int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

#endif
