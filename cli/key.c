#include "cli.h"

#include "event/event.h"
#include "identity/identity.h"
#include "sql.h"
#include "text/url.h"

#include <stdlib.h>
#include <string.h>

struct key_options {
	const char *org, *kind, *name, *days;
	const char *origins[WHO_ORIGINS];
	int origin_count;
	bool live, test, required, optional; /* signing */
};

struct key_making {
	struct key_new new;
	struct key_made made;
	const char *org_id, *id, *days;
};

static enum err key_list(struct cli *cli, const struct key_options *options)
{
	const char *org_id;
	PGresult *keys;

	TRY(cli_organisation(cli, options->org, &org_id));
	TRY(pg_query(&cli->ctx, cli->house.pool, &SQL_AUTH_KEYS_ALL, PARAMS(org_id), &keys));
	for (int row = 0; row < PQntuples(keys); row++) {
		const char *used = pg_text(keys, row, "last_used_at"), *expires = pg_text(keys, row, "expires_at");

		fprintf(cli->out, "%s %-6s stoa_%s_%s_…%s %-7s expires %s, used %s, %s\"%s\"\n", pg_text(keys, row, "id"), pg_text(keys, row, "kind"),
			pg_true(keys, row, "live") ? "live" : "test", pg_text(keys, row, "prefix"), pg_text(keys, row, "last4"),
			pg_text(keys, row, "state"), expires ? expires : "never", used ? used : "never",
			*pg_text(keys, row, "origins") ? arena_printf(&cli->ctx.arena, "from %s, ", pg_text(keys, row, "origins")) : "",
			pg_text(keys, row, "name"));
	}
	return OK;
}

static enum err add_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_making *change = argument;
	PGresult *result;

	if (change->days) {
		TRY(pg_run(lease, &SQL_AUTH_KEY_EXPIRY, PARAMS(NULL, change->days), &result));
		change->new.expires_at = pg_text(result, 0, "at");
	}
	TRY(key_create(ctx, lease, &change->new, &change->made));
	return event_audit(lease, &(struct audit){.org_id = change->org_id, .actor_kind = "system", .action = "key.create", .entity = "api_key",
		.entity_id = change->made.id, .agent = "stoa command", .after = audit_note(ctx, "name", change->new.name, "kind",
			change->new.widget ? "widget" : "server", "mode", change->new.live ? "live" : "test", NULL)});
}

static enum err options_check(struct cli *cli, const struct key_options *options)
{
	struct ctx *ctx = &cli->ctx;
	bool widget = options->kind && strcmp(options->kind, "widget") == 0;
	char *end = "";
	long days = options->days ? strtol(options->days, &end, 10) : 1;

	if (!widget && (!options->kind || strcmp(options->kind, "server") != 0))
		return fail(ctx, ERR_INVALID, "--kind must be widget or server");
	if (options->live == options->test)
		return fail(ctx, ERR_INVALID, "Either --live or --test");
	if (!options->name || !*options->name || strlen(options->name) > 120)
		return fail(ctx, ERR_INVALID, "--name must have 1 to 120 bytes");
	if (*end || days < 1 || days > 3650)
		return fail(ctx, ERR_INVALID, "--days must be 1 to 3650");
	if (!widget && (options->origin_count || options->required || options->optional))
		return fail(ctx, ERR_INVALID, "Only widget keys have origins and sign customers");
	if (options->required && options->optional)
		return fail(ctx, ERR_INVALID, "Either --signed or --unsigned");
	return OK;
}

static enum err key_add(struct cli *cli, const struct key_options *options)
{
	struct key_making change = {.days = options->days};
	const char *origins[WHO_ORIGINS];
	char normal[264];

	TRY(options_check(cli, options));
	TRY(cli_organisation(cli, options->org, &change.org_id));
	for (int i = 0; i < options->origin_count; i++) {
		if (!origin_normal(options->origins[i], normal))
			return fail(&cli->ctx, ERR_INVALID, "\"%s\" is not an origin such as https://shop.example", options->origins[i]);
		origins[i] = arena_strdup(&cli->ctx.arena, normal);
	}
	change.new = (struct key_new){.org_id = change.org_id, .name = options->name, .live = options->live,
		.widget = strcmp(options->kind, "widget") == 0, .origins = origins, .origin_count = options->origin_count};
	change.new.signature_required = change.new.widget && (options->required || (options->live && !options->optional));
	TRY(change_run(&cli->ctx, cli->house.pool, add_run, &change));
	who_forget(&cli->ctx, &cli->house, change.org_id);
	fprintf(cli->out, "id %s\nkey %s\n", change.made.id, change.made.key);
	if (*change.made.signing_secret)
		fprintf(cli->out, "signing-secret %s\n", change.made.signing_secret);
	return OK;
}

static enum err revoke_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_making *change = argument;
	const struct audit by = {.org_id = change->org_id, .actor_kind = "system", .agent = "stoa command"};

	return key_revoke(ctx, lease, &by, change->id);
}

static enum err key_end(struct cli *cli, const char *id, const struct key_options *options)
{
	struct key_making change = {.id = id};

	if (!id_valid(id))
		return fail(&cli->ctx, ERR_INVALID, "\"%s\" is not a key's id: see stoa key list", id);
	TRY(cli_organisation(cli, options->org, &change.org_id));
	TRY(change_run(&cli->ctx, cli->house.pool, revoke_run, &change));
	who_forget(&cli->ctx, &cli->house, change.org_id);
	fprintf(cli->out, "%s is revoked\n", id);
	return OK;
}

static int finish(struct cli *cli, enum err err)
{
	return err == OK ? 0 : cli_fail(cli);
}

static int key_run(struct cli *cli, int argc, char **argv)
{
	struct key_options options = {.org = cli_option(&argc, argv, "--org"), .kind = cli_option(&argc, argv, "--kind"),
		.name = cli_option(&argc, argv, "--name"), .days = cli_option(&argc, argv, "--days"), .live = cli_flag(&argc, argv, "--live"),
		.test = cli_flag(&argc, argv, "--test"), .required = cli_flag(&argc, argv, "--signed"), .optional = cli_flag(&argc, argv, "--unsigned")};

	while (options.origin_count < WHO_ORIGINS) {
		const char *origin = cli_option(&argc, argv, "--origin");

		if (!origin)
			break;
		options.origins[options.origin_count++] = origin;
	}
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return finish(cli, key_list(cli, &options));
	if (argc == 2 && strcmp(argv[1], "add") == 0)
		return finish(cli, key_add(cli, &options));
	if (argc == 3 && strcmp(argv[1], "revoke") == 0)
		return finish(cli, key_end(cli, argv[2], &options));
	return cli_usage(&COMMAND_KEY);
}

const struct command COMMAND_KEY = {
	.name = "key",
	.usage = "key list [--org ORG]\n"
		"            key add --kind widget|server --live|--test --name NAME [--origin ORIGIN]… [--days N] [--signed|--unsigned] [--org ORG]\n"
		"            key revoke ID [--org ORG]",
	.doc = "API keys; a new one is printed this once, a widget key with its signing secret",
	.needs = NEED_HOUSE,
	.run = key_run,
};
