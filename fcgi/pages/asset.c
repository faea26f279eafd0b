#include "pages/page.h"

#include <stdio.h>
#include <string.h>

#define ASSETS 16

/* Read once before threads start. */
static struct {
	struct { char name[48], path[112]; } items[ASSETS];
	int count;
} manifest;

static bool manifest_take(struct json_object *root, char message_out[256])
{
	if (!json_object_is_type(root, json_type_object)) {
		snprintf(message_out, 256, "the asset manifest is not a JSON object");
		return false;
	}
	manifest.count = 0;
	json_object_object_foreach(root, name, value) {
		if (manifest.count == ASSETS)
			break;
		snprintf(manifest.items[manifest.count].name, sizeof manifest.items->name, "%s", name);
		snprintf(manifest.items[manifest.count].path, sizeof manifest.items->path, "/assets/%s", json_object_get_string(value));
		manifest.count++;
	}
	return true;
}

bool assets_open(const struct house *house, char message_out[256])
{
	(void)house;
	char path[1024];
	snprintf(path, sizeof path, "%s/manifest.json", conf_string("web.assets"));
	struct json_object *root = json_object_from_file(path);
	if (!root) {
		snprintf(message_out, 256, "%.200s: cannot be read (set web.assets)", path);
		return false;
	}
	bool taken = manifest_take(root, message_out);
	json_object_put(root);
	if (taken && !asset_path("widget.js")) {
		snprintf(message_out, 256, "%.200s: names no widget.js", path);
		return false;
	}
	return taken;
}

const char *asset_path(const char *name)
{
	for (int i = 0; i < manifest.count; i++)
		if (!strcmp(manifest.items[i].name, name))
			return manifest.items[i].path;
	return NULL;
}

/* The lasting names of files whose real names change with their content. */
static enum err asset_redirect(struct req *req, struct rep *rep, const char *name)
{
	const char *path = asset_path(name);
	if (!path)
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such file");
	reply_header(rep, "Cache-Control", "public, max-age=300");
	return reply_redirect(req, rep, 302, path);
}

static enum err asset_widget(struct req *req, struct rep *rep)
{
	return asset_redirect(req, rep, "widget.js");
}

static enum err asset_style(struct req *req, struct rep *rep)
{
	return asset_redirect(req, rep, "pages.css");
}

static enum err asset_icon(struct req *req, struct rep *rep)
{
	return asset_redirect(req, rep, "icon.svg");
}

const struct route ASSET_ROUTES[] = {
	{METHOD_GET, "/widget.js", ACCESS_PUBLIC, .class = CLASS_PAGE, .run = asset_widget, .shape = REPLY_NOTHING, .status = 302,
		.limit = &LIMIT_NONE, .doc = "Redirects to the current widget script"},
	{METHOD_GET, "/pages.css", ACCESS_PUBLIC, .class = CLASS_PAGE, .run = asset_style, .shape = REPLY_NOTHING, .status = 302,
		.limit = &LIMIT_NONE, .doc = "Redirects to the current style sheet of the pages"},
	{METHOD_GET, "/favicon.ico", ACCESS_PUBLIC, .class = CLASS_PAGE, .run = asset_icon, .shape = REPLY_NOTHING, .status = 302,
		.limit = &LIMIT_NONE, .doc = "Redirects to the icon of the pages"},
	ROUTE_END};
