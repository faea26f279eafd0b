#include "cli.h"

#include "web/web.h"

static const char *const ACCESS[] = {
	[ACCESS_PUBLIC] = "public", [ACCESS_LOCAL] = "local", [ACCESS_SESSION] = "session", [ACCESS_PERMISSION] = "permission",
	[ACCESS_PAGE] = "page", [ACCESS_PAGE_PUBLIC] = "public page"};

static int routes_run(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return cli_usage(&COMMAND_ROUTES);
	for (const struct family *const *family = FAMILIES; *family; family++) {
		char message[256];
		if (!route_check(*family, message)) {
			fprintf(stderr, "stoa: %s\n", message);
			return 1;
		}
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++)
				fprintf(cli->out, "%-6s %-44s %-9s %-18s %-10s %s\n", method_text(route->method), route->path, (*family)->name,
					route->access == ACCESS_PERMISSION ? permission_text(route->permission) : ACCESS[route->access],
					target_of(route->class)->text, route->doc);
	}
	return 0;
}

const struct command COMMAND_ROUTES = {
	.name = "routes",
	.usage = "routes",
	.doc = "print every route: method, path, responder, who may use it, latency class",
	.needs = NEED_NOTHING,
	.run = routes_run,
};
