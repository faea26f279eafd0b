/* Translations of the house's own texts. The English text is the key; a language without a catalogue, or a text that is not in it, is
 * English. A catalogue is a folder of JSON files, each an object {"English": "translation"}; runs of white space in a key count as one
 * blank. It is read once at start-up and is read-only afterwards, so threads share it. */
#ifndef STOA_TEXT_CATALOGUE_H
#define STOA_TEXT_CATALOGUE_H

#include "base/buffer.h"

struct catalogue;

/* NULL: message_out says which file and why: it cannot be read, is no object of texts, or says a text that another file says otherwise. */
struct catalogue *catalogue_load(const char *folder, char message_out[256]);
void catalogue_free(struct catalogue *catalogue);

/* The translation of `bytes` of text, or text itself (NULL catalogue: always). Lives as long as catalogue or text. */
const char *catalogue_say(const struct catalogue *catalogue, const char *text, size_t bytes);

/* Appends source, a template, with each {{#_}}text{{/_}} replaced by the translation of its text, which may hold tags itself. */
void catalogue_apply(const struct catalogue *catalogue, const char *source, size_t bytes, struct buffer *out);

#endif
