/* What perf script prints: whatever it is, the tree's counts add up and its picture is drawn. */
#include "cli/flame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct flame *at)
{
	uint64_t below = 0;
	for (size_t i = 0; i < at->child_count; i++) {
		below += at->children[i].count;
		check(&at->children[i]);
	}
	if (below > at->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flame root = {0};
	struct buffer svg = {0};
	FILE *script = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	if (!script)
		return 0;
	if (flame_read(script, &root) != root.count)
		abort();
	fclose(script);
	check(&root);
	flame_svg(&root, "fuzz", &svg);
	buffer_free(&svg);
	flame_free(&root);
	return 0;
}
