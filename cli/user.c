#include "cli.h"

#include "event/event.h"
#include "identity/identity.h"
#include "retention/retention.h"
#include "sql.h"
#include "who/secret.h"

#include <string.h>

struct user_options {
	const char *org, *new_org, *name, *role;
	bool invite;
};

struct user_change {
	struct cli *cli;
	const struct user_options *options;
	const char *email, *org_id;
	char account_id[ID_TEXT];
	char hash[PASSWORD_HASH_TEXT];
	enum role role;
};

enum err cli_organisation(struct cli *cli, const char *name, const char **org_id_out)
{
	PGresult *result;

	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_AUTH_ORGANISATION_FIND, PARAMS(name), &result));
	if (PQntuples(result) == 0)
		return fail(&cli->ctx, ERR_NOT_FOUND, name ? "There is no organisation \"%s\"" : "There is no organisation yet", name);
	if (PQntuples(result) > 1)
		return fail(&cli->ctx, ERR_INVALID, name ? "Several organisations are called \"%s\": give the id" :
			"There are several organisations: name one with --org", name);
	*org_id_out = pg_text(result, 0, "org_id");
	return OK;
}

static enum err change_audit(struct lease *lease, const struct user_change *change, const char *action, const char *before,
	const char *after)
{
	return event_audit(lease, &(struct audit){.org_id = change->org_id, .actor_kind = "system", .action = action, .entity = "account",
		.entity_id = change->account_id, .before = before, .after = after, .agent = "stoa command"});
}

static enum err user_list(struct cli *cli, const struct user_options *options)
{
	const char *org_id = NULL;
	PGresult *people;

	if (options->org)
		TRY(cli_organisation(cli, options->org, &org_id));
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_AUTH_PEOPLE, PARAMS(org_id), &people));
	for (int row = 0; row < PQntuples(people); row++)
		fprintf(cli->out, "%-40s %-9s %s (%s)%s%s%s\n", pg_text(people, row, "email"), pg_text(people, row, "role"),
			pg_text(people, row, "organisation"), pg_text(people, row, "org_id"), pg_true(people, row, "locked") ? ", locked" : "",
			pg_true(people, row, "invited") ? ", no password yet" : "", pg_true(people, row, "operator") ? ", operator" : "");
	return OK;
}

static enum err password_ask(struct cli *cli, const char *email, char hash_out[PASSWORD_HASH_TEXT])
{
	const char *password = cli_secret(cli, "Password");

	if (!password)
		return fail(&cli->ctx, ERR_INVALID, "No password on standard input");
	TRY(password_check(&cli->ctx, password, email));
	return password_hash(&cli->ctx, password, hash_out);
}

static enum err founder_add(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct user_change *change = argument;
	char org_id[ID_TEXT];

	TRY(organisation_create(ctx, lease, &(struct organisation_new){.name = change->options->new_org, .email = change->email,
		.person = change->options->name, .password_hash = change->hash}, org_id, change->account_id));
	change->org_id = arena_strdup(&ctx->arena, org_id);
	return flow_starters_add(ctx, lease, org_id, change->account_id);
}

static enum err person_add(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct user_change *change = argument;
	const struct user_options *options = change->options;
	PGresult *result;

	TRY(member_add(ctx, lease, change->org_id, change->email, options->name, change->role, change->account_id));
	TRY(change_audit(lease, change, "member.add", NULL, audit_note(ctx, "email", change->email, "role", options->role, NULL)));
	if (options->invite)
		return password_mail_enqueue(ctx, lease, PASSWORD_INVITED, change->email, change->org_id, conf_string("web.public_url"));
	/* Only an account without one: who belongs elsewhere too has a password. */
	return pg_run(lease, &SQL_AUTH_PASSWORD_SET, PARAMS(change->account_id, change->hash, ""), &result);
}

static enum err user_add(struct cli *cli, const char *email, const struct user_options *options)
{
	struct user_change change = {.cli = cli, .options = options, .email = email, .role = role_parse(options->role)};

	if (!strchr(email, '@') || strpbrk(email, " \t,;<>\"") || strlen(email) > 254)
		return fail(&cli->ctx, ERR_INVALID, "\"%.80s\" is not an e-mail address", email);
	if (options->new_org && options->org)
		return fail(&cli->ctx, ERR_INVALID, "Either --org or --new-org, not both");
	if (options->new_org && (options->invite || (change.role && change.role != ROLE_OWNER)))
		return fail(&cli->ctx, ERR_INVALID, "The first person of an organisation is its owner and needs a password now");
	if (!options->new_org && !change.role)
		return fail(&cli->ctx, ERR_INVALID, "--role must be owner, admin, analyst or readonly");
	if (!options->new_org)
		TRY(cli_organisation(cli, options->org, &change.org_id));
	if (!options->invite)
		TRY(password_ask(cli, email, change.hash));
	TRY(change_run(&cli->ctx, cli->house.pool, options->new_org ? founder_add : person_add, &change));
	fprintf(cli->out, "%s is %s of %s\n", email, options->new_org ? "owner" : options->role, change.org_id);
	return OK;
}

static enum err member_find(struct cli *cli, const char *email, const struct user_options *options, struct user_change *change_out)
{
	PGresult *result;

	*change_out = (struct user_change){.cli = cli, .options = options, .email = email, .role = role_parse(options->role)};
	TRY(cli_organisation(cli, options->org, &change_out->org_id));
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_AUTH_MEMBER_FIND, PARAMS(change_out->org_id, email), &result));
	if (!PQntuples(result))
		return fail(&cli->ctx, ERR_NOT_FOUND, "%s is no member of this organisation", email);
	snprintf(change_out->account_id, ID_TEXT, "%s", pg_text(result, 0, "account_id"));
	return OK;
}

static enum err role_change(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct user_change *change = argument;
	struct member before;

	TRY(member_role_set(ctx, lease, change->org_id, change->account_id, ROLE_OWNER, change->role, &before));
	return change_audit(lease, change, "member.role", audit_note(ctx, "role", role_text(before.role), NULL),
		audit_note(ctx, "role", role_text(change->role), NULL));
}

static enum err user_role(struct cli *cli, const char *email, const struct user_options *options)
{
	struct user_change change;

	if (!role_parse(options->role))
		return fail(&cli->ctx, ERR_INVALID, "--role must be owner, admin, analyst or readonly");
	TRY(member_find(cli, email, options, &change));
	TRY(change_run(&cli->ctx, cli->house.pool, role_change, &change));
	who_forget(&cli->ctx, &cli->house, change.org_id);
	fprintf(cli->out, "%s is %s now\n", email, options->role);
	return OK;
}

static enum err removal(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct user_change *change = argument;
	struct member before;

	TRY(member_remove(ctx, lease, change->org_id, change->account_id, ROLE_OWNER, &before));
	return change_audit(lease, change, "member.remove", audit_note(ctx, "email", before.email, "role", role_text(before.role), NULL), NULL);
}

static enum err user_remove(struct cli *cli, const char *email, const struct user_options *options)
{
	struct user_change change;

	TRY(member_find(cli, email, options, &change));
	TRY(change_run(&cli->ctx, cli->house.pool, removal, &change));
	who_forget(&cli->ctx, &cli->house, change.org_id);
	fprintf(cli->out, "%s is removed\n", email);
	return OK;
}

struct operator_change {
	const char *email;
	bool on;
	PGresult *orgs; /* one row for each of the person's, or one without */
};

/* A line in every organisation of the person's, and what they may is asked anew there. */
static enum err operator_set(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct operator_change *change = argument;

	TRY(pg_run(lease, &SQL_AUTH_OPERATOR_SET, PARAMS(change->email, pg_bool(change->on)), &change->orgs));
	if (!PQntuples(change->orgs))
		return fail(ctx, ERR_NOT_FOUND, "No account has this address");
	for (int row = 0; row < PQntuples(change->orgs); row++)
		if (pg_text(change->orgs, row, "org_id"))
			TRY(event_audit(lease, &(struct audit){.org_id = pg_text(change->orgs, row, "org_id"), .actor_kind = "system",
				.action = "account.operator", .entity = "account", .entity_id = pg_text(change->orgs, row, "id"),
				.before = audit_note(ctx, "operator", pg_true(change->orgs, row, "operator") ? "on" : "off", NULL),
				.after = audit_note(ctx, "operator", change->on ? "on" : "off", NULL), .agent = "stoa command"}));
	return OK;
}

static enum err user_operator(struct cli *cli, const char *email, const char *word)
{
	struct operator_change change = {.email = email, .on = !strcmp(word, "on")};

	if (!change.on && strcmp(word, "off") != 0)
		return fail(&cli->ctx, ERR_INVALID, "An operator is on or off");
	TRY(change_run(&cli->ctx, cli->house.pool, operator_set, &change));
	for (int row = 0; row < PQntuples(change.orgs); row++)
		if (pg_text(change.orgs, row, "org_id"))
			who_forget(&cli->ctx, &cli->house, pg_text(change.orgs, row, "org_id"));
	fprintf(cli->out, change.on ? "%s runs the installation\n" : "%s does not run the installation\n", email);
	return OK;
}

static enum err user_password(struct cli *cli, const char *email, const struct user_options *options)
{
	const char *password = cli_secret(cli, "New password");

	(void)options;
	if (!password)
		return fail(&cli->ctx, ERR_INVALID, "No password on standard input");
	TRY(password_assign(&cli->ctx, &cli->house, email, password));
	fprintf(cli->out, "%s has a new password; every session is ended\n", email);
	return OK;
}

static enum err user_reset(struct cli *cli, const char *email, const struct user_options *options)
{
	const char *url = conf_string("web.public_url");
	char token[WHO_TOKEN_TEXT];

	(void)options;
	TRY(password_reset_create(&cli->ctx, cli->house.pool, email, RESET_LIFE_S, token));
	fprintf(cli->out, "%s%spassword/reset?token=%s\n", url, *url && url[strlen(url) - 1] == '/' ? "" : "/", token);
	return OK;
}

static enum err user_unlock(struct cli *cli, const char *email, const struct user_options *options)
{
	PGresult *result;

	(void)options;
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_AUTH_UNLOCK, PARAMS(email), &result));
	if (!PQntuples(result))
		return fail(&cli->ctx, ERR_NOT_FOUND, "No account has this address");
	fprintf(cli->out, "%s may sign in\n", email);
	return OK;
}

static const struct {
	const char *name;
	enum err (*run)(struct cli *cli, const char *email, const struct user_options *options);
} VERBS[] = {
	{"add", user_add},
	{"role", user_role},
	{"remove", user_remove},
	{"password", user_password},
	{"reset", user_reset},
	{"unlock", user_unlock},
};

static int finish(struct cli *cli, enum err err)
{
	return err == OK ? 0 : cli_fail(cli);
}

static int user_run(struct cli *cli, int argc, char **argv)
{
	struct user_options options = {.org = cli_option(&argc, argv, "--org"), .new_org = cli_option(&argc, argv, "--new-org"),
		.name = cli_option(&argc, argv, "--name"), .role = cli_option(&argc, argv, "--role"), .invite = cli_flag(&argc, argv, "--invite")};

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return finish(cli, user_list(cli, &options));
	for (size_t i = 0; argc == 3 && i < sizeof VERBS / sizeof *VERBS; i++)
		if (strcmp(argv[1], VERBS[i].name) == 0)
			return finish(cli, VERBS[i].run(cli, argv[2], &options));
	if (argc == 4 && strcmp(argv[1], "operator") == 0)
		return finish(cli, user_operator(cli, argv[2], argv[3]));
	return cli_usage(&COMMAND_USER);
}

const struct command COMMAND_USER = {
	.name = "user",
	.usage = "user list [--org ORG]\n"
		"            user add EMAIL --role owner|admin|analyst|readonly [--org ORG] [--name NAME] [--invite]\n"
		"            user add EMAIL --new-org NAME [--name NAME]\n"
		"            user role EMAIL --role ROLE [--org ORG]\n"
		"            user remove EMAIL [--org ORG]\n"
		"            user password EMAIL\n"
		"            user reset EMAIL\n"
		"            user unlock EMAIL\n"
		"            user operator EMAIL on|off",
	.doc = "people and their roles; ORG is an id or a name, not needed where there is one; passwords are read from standard input",
	.needs = NEED_HOUSE,
	.run = user_run,
};
