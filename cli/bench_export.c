#include "config.h"

#include "bench.h"

#include "cli/bench/export.h"

#include <errno.h>
#include <string.h>

static int wrong(const char *why)
{
	fprintf(stderr, "stoa: %s\n", why);
	return cli_usage(&COMMAND_BENCH);
}

static enum err file_write(struct ctx *ctx, const char *folder, struct export_file *file)
{
	const char *path = arena_printf(&ctx->arena, "%s/%s.%s", folder, file->name, file->suffix);
	FILE *out = fopen(path, "w");
	bool whole = out && !file->text.failed && fwrite(file->text.data, 1, file->text.length, out) == file->text.length;
	if (out && fclose(out))
		whole = false;
	return whole ? OK : fail(ctx, ERR_INTERNAL, "%.150s: cannot be written: %s", path, strerror(errno));
}

static enum err export_one(struct cli *cli, enum export_format format, const char *path, const char *folder)
{
	struct ctx *ctx = &cli->ctx;
	struct scenario scenario;
	struct export_file files[EXPORT_FILES] = {0};
	const char *source = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *dot = strrchr(source, '.');
	const char *name = dot ? arena_memdup(&ctx->arena, source, (size_t)(dot - source)) : source;
	if (!strcmp(name, EXPORT_MODULE))
		return fail(ctx, ERR_BAD_INPUT, "%.150s: the scripts' module is called %s", path, name);
	TRY(scenario_load(ctx, path, &(struct scenario_options){.time_scale = 1, .rate_scale = 1, .incomplete = true}, &scenario));
	int count = export_write(ctx, format, &scenario, source, name, FAMILIES, files);
	enum err err = OK;
	for (int i = 0; i < count; i++) {
		if (err == OK)
			err = file_write(ctx, folder, &files[i]);
		buffer_free(&files[i].text);
	}
	return err;
}

int bench_export(struct cli *cli, int argc, char **argv)
{
	static const struct { const char *flag; enum export_format format; } FORMATS[] = {
		{"--artillery", EXPORT_ARTILLERY}, {"--locust", EXPORT_LOCUST}, {"--k6", EXPORT_K6}};
	const char *into = cli_option(&argc, argv, "--into");
	int format = -1;
	for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
		if (cli_flag(&argc, argv, FORMATS[i].flag))
			format = format < 0 ? (int)FORMATS[i].format : EXPORT_K6 + 1;
	if (argc < 2 || !into || format < 0 || format > EXPORT_K6)
		return wrong("export takes one of --artillery, --locust and --k6, files, and --into");
	for (int i = 1; i < argc; i++)
		if (export_one(cli, (enum export_format)format, argv[i], into) != OK)
			return cli_fail(cli);
	return 0;
}
