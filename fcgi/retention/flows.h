/* The API of flows, below /api/v1/retention/flows. Documents are as lib/retention/flow.h has them.
 *
 *     GET    ?status=&limit=&cursor=      the list, newest first
 *     POST   <document>                   a new flow, a draft: 201
 *     GET    /:id                         the flow: {id, name, status, state, version, revision, changed, …, "draft": document, "review"}
 *     PUT    /:id <document>              replaces the draft                        If-Match
 *     DELETE /:id                         only one that was never published: 204
 *     POST   /:id/publish {activate}      the draft becomes the next version        If-Match
 *     POST   /:id/activate {from, until}  customers see the published version, from a time and until a time where they are given
 *     POST   /:id/deactivate /archive /unarchive /duplicate
 *     GET    /:id/versions                version, published_at, published_by, name, language, steps
 *     GET    /:id/versions/:version       that version: {…, "flow": document}
 *     POST   /:id/versions/:version/restore    the draft becomes what the version was    If-Match
 *     GET    /:id/csv, /:id/json ?version=     the draft (or a version) as a file
 *     POST   /validate {flow: document}   {errors, warnings, languages}: a review
 *     GET    /templates                   {templates: [{template, languages, name, steps…}]}
 *     POST   /from-template {template, language, name}    a new flow: 201
 *     POST   /import {format: json|csv|table, text}       {flow: document or null, errors: [{line, column, name, message}], review}: nothing is
 *                                         kept; POST the document to keep it
 *
 * Revisions. A draft's revision is the ETag of everything that answers a flow ("7"). What changes the draft asks for If-Match and answers
 * 412 when somebody saved meanwhile; the detail says which revision it is now and who saved it, and GET /:id gives theirs. Saving what is
 * there already changes nothing, so that a repeated save is harmless. A save answers the new ETag. Publishing leaves the
 * revision alone; publishing what is published already makes no version. Nothing of an archived flow changes: 409.
 *
 * States: draft (never published), active, scheduled (active, later), ended (active, until a time that is over), inactive, archived. Only the
 * published version is ever shown, so saving, restoring and importing touch no customer; a session keeps the version that it began with. */
#ifndef STOA_RETENTION_FLOWS_H
#define STOA_RETENTION_FLOWS_H

#include "retention/family.h"

/* Answers the flow as it is stored now, its draft's revision as ETag. */
enum err flow_reply(struct req *req, struct rep *rep, const char *id);
/* Keeps a document as a new flow's draft and answers it, 201. */
enum err flow_create_reply(struct req *req, struct rep *rep, struct json_object *document);

#endif
