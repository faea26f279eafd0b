/* What the parts of profile.h share: everything that PostgreSQL's catalogue and statistics tell, read once. */
#ifndef STOA_OBSERVE_PROFILE_PARTS_H
#define STOA_OBSERVE_PROFILE_PARTS_H

#include "mc/servers.h"
#include "observe/profile.h"

struct profile_facts {
	struct profile_server server;
	struct profile_index *indexes;
	struct profile_table *tables;
	struct profile_columns *columns;   /* of the tables */
	struct profile_made_index *made;
	int index_count, table_count, made_count;
};

/* Memory of the lease's ctx. */
enum err profile_facts_read(struct lease *lease, struct profile_facts *facts);
bool profile_has_index(const struct profile_facts *facts, const char *name);
void profile_find_indexes(const struct profile_facts *facts, const struct profile_settings *settings, struct findings *findings);
void profile_find_facts(const struct profile_facts *facts, const struct profile *profile, const struct profile_settings *settings,
	struct findings *findings);

/* Explains the dearest statements, as many as wished, and the one that is named; leaves nothing behind, also when ctx's deadline passes. */
void profile_explain(struct lease *lease, const struct profile *profile, const struct profile_wish *wish, struct profile_report *report);
void profile_find_plan(const struct profile_plan *plan, const struct profile_facts *facts, struct findings *findings);
void profile_find_evictions(const struct cache_server *servers, int count, struct findings *findings);
/* Those that memcached's own statistics tell. */
void profile_find_memcached(struct findings *findings);

#endif
