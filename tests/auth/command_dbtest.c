/* stoa user, stoa key: the built command against a real house. */
#include "tests/lib/database.h"

#include "identity/identity.h"
#include "who/secret.h"

#include <fcntl.h>
#include <sys/wait.h>

static struct ctx ctx;
static struct pool *pool;
static char output[65536];

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void output_read(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t got = fread(output, 1, sizeof output - 1, file);

	output[got] = 0;
	fclose(file);
}

/* Exit status; both outputs in `output`. */
static int stoa(const char *input, ...)
{
	char in[512], out[512], command[] = "cli/stoa";
	char *argv[32] = {command};
	int count = 1, status;
	va_list args;
	pid_t pid;

	va_start(args, input);
	while (count < 31 && (argv[count] = va_arg(args, char *)))
		count++;
	va_end(args);
	snprintf(in, sizeof in, "%s/in", getenv("STOA_TEST_DIR"));
	snprintf(out, sizeof out, "%s/out", getenv("STOA_TEST_DIR"));
	file_write(in, input);
	pid = fork();
	if (!pid) {
		int from = open(in, O_RDONLY), to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(from, 0);
		dup2(to, 1);
		dup2(to, 2);
		execv(command, argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	output_read(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define expect(status, word, ...) \
	do { \
		int status_ = stoa(__VA_ARGS__, NULL); \
		if (status_ != (status) || !strstr(output, (word))) \
			fail_msg("expected %d \"%s\", got %d: %s", (status), (word), status_, output); \
	} while (0)

static bool password_is(const char *email, const char *password)
{
	bool match, rehash;
	const char *hash;

	ctx_reset(&ctx);
	hash = arena_strdup(&ctx.arena,
		ask(&ctx, pool, arena_printf(&ctx.arena, "select password_hash from account where email = '%s'", email)));
	assert_int_equal(password_verify(&ctx, hash, password, &match, &rehash), OK);
	return match;
}

static void test_people(void **state)
{
	(void)state;
	expect(1, "There is no organisation yet", "", "user", "add", "a@example.com", "--role", "admin");
	expect(1, "not an e-mail address", "the first password\n", "user", "add", "olga", "--new-org", "Pier");
	expect(1, "at least 12", "short\n", "user", "add", "olga@example.com", "--new-org", "Pier");
	expect(1, "No password", "", "user", "add", "olga@example.com", "--new-org", "Pier");
	expect(0, "is owner of", "the first password\n", "user", "add", "olga@example.com", "--new-org=Pier", "--name", "Olga");
	assert_true(password_is("olga@example.com", "the first password"));
	assert_string_equal(ask(&ctx, pool, "select count(*)::text from flow where status = 'active'"), "4");
	expect(1, "has an account", "the first password\n", "user", "add", "OLGA@example.com", "--new-org", "Quay");
	expect(1, "--role must be", "x\n", "user", "add", "max@example.com", "--role", "king");
	expect(0, "is analyst of", "the second password\n", "user", "add", "max@example.com", "--role", "analyst");
	assert_true(password_is("max@example.com", "the second password"));
	expect(1, "member already", "the second password\n", "user", "add", "max@example.com", "--role", "admin");
	expect(0, "olga@example.com", "", "user", "list");
	assert_non_null(strstr(output, "analyst"));
	assert_non_null(strstr(output, "Pier"));
	expect(0, "is admin now", "", "user", "role", "max@example.com", "--role", "admin", "--org", "Pier");
	expect(1, "needs an owner", "", "user", "role", "olga@example.com", "--role", "admin");
	expect(1, "needs an owner", "", "user", "remove", "olga@example.com");
	expect(1, "no member", "", "user", "remove", "nobody@example.com");
	expect(0, "new password", "another password\n", "user", "password", "max@example.com");
	assert_true(password_is("max@example.com", "another password"));
	expect(1, "No account", "another password\n", "user", "password", "nobody@example.com");
	expect(0, "/password/reset?token=stoa_pr_", "", "user", "reset", "max@example.com");
	ask(&ctx, pool, "update account set locked_until = now() + interval '1 hour' where email = 'max@example.com'");
	expect(0, ", locked", "", "user", "list");
	expect(0, "may sign in", "", "user", "unlock", "max@example.com");
	assert_string_equal(ask(&ctx, pool, "select count(*)::text from account where locked_until is not null"), "0");
	expect(0, "is removed", "", "user", "remove", "max@example.com");
	assert_string_equal(ask(&ctx, pool, "select count(*)::text from account where email = 'max@example.com'"), "0");
	expect(2, "usage:", "", "user");
	expect(2, "usage:", "", "user", "add");
	expect(2, "usage:", "", "user", "list", "--unknown");
	assert_string_equal(ask(&ctx, pool, "select string_agg(distinct action, ' ' order by action) from audit_log where actor_kind = 'system'"),
		"member.add member.remove member.role organisation.create password.assign");
}

static void test_someone_elsewhere(void **state)
{
	(void)state;
	expect(0, "is owner of", "the third password\n", "user", "add", "quinn@example.com", "--new-org", "Quay");
	expect(1, "name one with --org", "a password of its own\n", "user", "add", "olga@example.com", "--role", "admin");
	/* Who has a password keeps it. */
	expect(0, "is admin of", "a password of its own\n", "user", "add", "olga@example.com", "--role", "admin", "--org", "Quay");
	assert_true(password_is("olga@example.com", "the first password"));
	expect(0, "is readonly of", "", "user", "add", "iris@example.com", "--role", "readonly", "--org", "Quay", "--invite");
	assert_string_equal(ask(&ctx, pool, "select payload->>'email' from job where kind = 'password.mail'"), "iris@example.com");
	expect(1, "on or off", "", "user", "operator", "olga@example.com", "yes");
	expect(1, "No account", "", "user", "operator", "nobody@example.com", "on");
	expect(2, "usage:", "", "user", "operator", "olga@example.com");
	expect(0, "runs the installation", "", "user", "operator", "OLGA@example.com", "on");
	expect(0, ", operator", "", "user", "list", "--org", "Pier");
	assert_string_equal(ask(&ctx, pool, "select string_agg(email, ' ') from account where operator"), "olga@example.com");
	expect(0, "does not run", "", "user", "operator", "olga@example.com", "off");
	assert_string_equal(ask(&ctx, pool, "select count(*)::text from account where operator"), "0");
	/* In the log of each of the person's organisations. */
	assert_string_equal(ask(&ctx, pool, "select string_agg(distinct concat(o.name, before->>'operator', after->>'operator'), ' ') from audit_log l "
		"join organisation o using (org_id) where action = 'account.operator'"), "Pieroffon Pieronoff Quayoffon Quayonoff");
	expect(0, "no password yet", "", "user", "list", "--org", "Quay");
	assert_null(strstr(output, "Pier"));
}

static void test_keys(void **state)
{
	static const struct {
		const char *argv[10];
		const char *word;
	} rows[] = {
		{{"--kind", "root", "--live", "--name", "k"}, "--kind must be"},
		{{"--kind", "widget", "--name", "k"}, "Either --live or --test"},
		{{"--kind", "widget", "--live", "--test", "--name", "k"}, "Either --live or --test"},
		{{"--kind", "widget", "--live"}, "--name must have"},
		{{"--kind", "widget", "--live", "--name", "k", "--days", "ten"}, "--days must be"},
		{{"--kind", "widget", "--live", "--name", "k", "--origin", "shop.example"}, "not an origin"},
		{{"--kind", "server", "--live", "--name", "k", "--origin", "https://shop.example"}, "Only widget keys"},
		{{"--kind", "widget", "--live", "--name", "k", "--signed", "--unsigned"}, "Either --signed"},
	};
	char id[ID_TEXT];
	const char *key;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const *a = rows[i].argv;

		expect(1, rows[i].word, "", "key", "add", "--org", "Pier", a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
	}
	expect(0, "signing-secret stoa_sig_", "", "key", "add", "--org", "Pier", "--kind", "widget", "--live", "--name", "Shop", "--origin",
		"https://Shop.example", "--origin", "http://localhost:3000", "--days", "30");
	assert_int_equal(strncmp(output, "id ", 3), 0);
	snprintf(id, sizeof id, "%.36s", output + 3);
	key = strstr(output, "key stoa_live_");
	assert_non_null(key);
	ctx_reset(&ctx);
	assert_string_equal(ask(&ctx, pool, arena_printf(&ctx.arena, "select origins::text || signature_required || (expires_at > now()) from api_key "
		"where id = '%s' and key_hash = sha256('%.*s')", id, (int)strcspn(key + 4, "\n"), key + 4)),
		"{https://shop.example,http://localhost:3000}truetrue");
	expect(0, "key stoa_test_", "", "key", "add", "--org", "Pier", "--kind", "server", "--test", "--name", "Back");
	assert_null(strstr(output, "signing-secret"));
	expect(0, id, "", "key", "list", "--org", "Pier");
	assert_non_null(strstr(output, "works"));
	expect(1, "no such key", "", "key", "revoke", id, "--org", "Quay");
	expect(0, "is revoked", "", "key", "revoke", id, "--org", "Pier");
	expect(0, "revoked", "", "key", "list", "--org", "Pier");
	expect(1, "revoked already", "", "key", "revoke", id, "--org", "Pier");
	expect(1, "not a key's id", "", "key", "revoke", "17", "--org", "Pier");
	expect(1, "no organisation \"Nowhere\"", "", "key", "list", "--org", "Nowhere");
	expect(2, "usage:", "", "key");
}

static int open_house(void **state)
{
	char message[256];

	(void)state;
	conf_add(PG_CONF);
	conf_add(SECRET_CONF);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example", 1);
	if (!conf_load(NULL, message) || !secret_open(message))
		fail_msg("%s", message);
	ctx_init(&ctx);
	pool = pool_open(1);
	schema_make(&ctx, pool);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_someone_elsewhere),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
