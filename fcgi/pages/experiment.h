/* What the pages of experiments share. */
#ifndef STOA_PAGES_EXPERIMENT_H
#define STOA_PAGES_EXPERIMENT_H

#include "pages/page.h"
#include "retention/experiment_result.h"

/* Adds what an experiment is and what it has shown: its facts, variants, days and a chart for each variant. */
void experiment_view(struct req *req, struct json_object *view, const struct experiment_result *result);
/* "running" in the visitor's language, and the class of its pill. */
const char *experiment_status(const struct req *req, const char *status, const char **class_out);

#endif
