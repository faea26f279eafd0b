/* Whatever memcached returns is read within its bounds; what is accepted is written back to the same bytes. */
#include "mc/level.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope envelope;
	if (!envelope_read((const char *)data, size, &envelope))
		return 0;
	if (envelope_bytes(&envelope) != size)
		abort();
	char *again = malloc(size);
	envelope_write(&envelope, again);
	if (memcmp(again, data, size) != 0)
		abort();
	free(again);
	return 0;
}
