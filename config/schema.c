/*
 * The table of settings.  A row whose type is not the type of its field does
 * not compile, and the words of an enum belong to that enum: the row names the
 * enum, and both the field and the table of words must be of it.
 */
#include "config/schema.h"

#include <string.h>

#define CTYPE_TEXT     char *
#define CTYPE_FILE     char *
#define CTYPE_KEY      char *
#define CTYPE_TARGET   char *
#define CTYPE_HEADER   char *
#define CTYPE_UUID     char *
#define CTYPE_HEX      char *
#define CTYPE_COUNTRY  char[4]
#define CTYPE_PREFIX   char[SK_PREFIX_SIZE]
#define CTYPE_BOOL     bool
#define CTYPE_INTEGER  int64_t
#define CTYPE_COUNT    int64_t
#define CTYPE_SMALL    uint8_t
#define CTYPE_SIZE     int64_t
#define CTYPE_SECONDS  int64_t
#define CTYPE_MILLIS   int64_t
#define CTYPE_FILES    struct text_list
#define CTYPE_HEADERS  struct text_list
#define CTYPE_TEXTS    struct text_list
#define CTYPE_NETS     struct net_list
#define CTYPE_TEXT_MAP struct text_map
#define CTYPE_FILE_MAP struct text_map

/* clang-format off */
/* offsetof(), and a compile error when the row's type is not the field's */
#define IS(field, ctype) __builtin_types_compatible_p(__typeof__(((struct conf *)0)->field), ctype)
#define AT(field, ctype) (offsetof(struct conf, field) + 0 * sizeof(char[IS(field, ctype) ? 1 : -1]))

#define ROW(path_, type_, field_, dflt_, min_, max_, reload_, doc_) \
	{ .path = path_, .type = CONF_##type_, .at = AT(field_, CTYPE_##type_), .dflt = dflt_, \
	  .min = min_, .max = max_, .reload = CONF_##reload_, .doc = doc_ }
#define WORD(path_, enum_, field_, dflt_, reload_, doc_) \
	{ .path = path_, .type = CONF_WORD, .at = AT(field_, enum enum_), .dflt = dflt_, \
	  .words = words_##enum_, .reload = CONF_##reload_, .doc = doc_ }
#define TARGET(path_, words_, field_, dflt_, doc_) \
	{ .path = path_, .type = CONF_TARGET, .at = AT(field_, CTYPE_TARGET), .dflt = dflt_, \
	  .min = 1, .max = 4096, .words = words_, .reload = CONF_RESTART, .doc = doc_ }
#define BITS(path_, words_, field_, dflt_, min_, doc_) \
	{ .path = path_, .type = CONF_WORDS, .at = AT(field_, unsigned), .dflt = dflt_, \
	  .min = min_, .max = 8, .words = words_, .reload = CONF_LIVE, .doc = doc_ }

/* A row of a group, whose fields are those of `struct struct_`. */
#define MEMBER_AT(struct_, field, ctype) (offsetof(struct struct_, field) + 0 * sizeof(char[ \
	__builtin_types_compatible_p(__typeof__(((struct struct_ *)0)->field), ctype) ? 1 : -1]))
#define MEMBER(path_, type_, struct_, field_, dflt_, min_, max_, doc_) \
	{ .path = path_, .type = CONF_##type_, .at = MEMBER_AT(struct_, field_, CTYPE_##type_), \
	  .dflt = dflt_, .min = min_, .max = max_, .reload = CONF_LIVE, .doc = doc_ }
#define MEMBER_WORD(path_, enum_, struct_, field_, dflt_, doc_) \
	{ .path = path_, .type = CONF_WORD, .at = MEMBER_AT(struct_, field_, enum enum_), .dflt = dflt_, \
	  .words = words_##enum_, .reload = CONF_LIVE, .doc = doc_ }
#define GROUP(field_, struct_, rows_, max_) \
	{ .rows = rows_, .row_count = SK_COUNT(rows_), .size = sizeof(struct struct_), \
	  .at = AT(tenant.field_, struct members), .max = max_ }

#define WORDS(enum_, ...) \
	_Static_assert(sizeof(enum enum_) == sizeof(unsigned), "an enum is stored as unsigned"); \
	static const struct conf_word words_##enum_[] = { __VA_ARGS__, { NULL, 0 } }

#include "config/rows_words.inc"
#include "config/rows_groups.inc"

const struct conf_section conf_sections[] = {
	{ "service", "The processes of the service.", NULL },
	{ "sip", "The SIP side: where we listen, to whom, and how much.", NULL },
	{ "streams", "Connections: TCP and TLS.", NULL },
	{ "tls", "TLS of the SIP side.", NULL },
	{ "tenants", "The tenants, one file each.", NULL },
	{ "tenant", "Whose calls these are.", NULL },
	{ "match", "Which requests are this tenant's: all that is set must hold.", NULL },
	{ "trunks", "Customers and gateways of this tenant, NAME: settings.", &trunk_group },
	{ "function", "What to do with a call, by how it came; the first that says something counts.", NULL },
	{ "numbers", "How the peer writes telephone numbers.", NULL },
	{ "sign", "Signing (STI-AS).", NULL },
	{ "credentials", "Further keys and certificates, NAME: settings.", &credential_group },
	{ "clients", "Who may ask by HTTP, NAME: settings.", &client_group },
	{ "verify", "Verifying (STI-VS).", NULL },
	{ "lists", "Calling numbers that are on a list of the number store.", NULL },
	{ "actions", "What a finding about the calling number leads to.", NULL },
	{ "answer", "What the answer looks like.", NULL },
	{ "limits", "How much one tenant may ask.", NULL },
	{ "records", "What is written of each call.", NULL },
	{ "trust", "Which certificates are believed.", NULL },
	{ "certs", "Fetching and keeping the certificates of others.", NULL },
	{ "authority", "The store of numbers: whose they are, and lists of them.", NULL },
	{ "hsm", "Keys in a token (PKCS#11).", NULL },
	{ "http", "The HTTP side: interfaces, metrics, the live page.", NULL },
	{ "hosting", "The tenants' certificates, served to everybody.", NULL },
	{ "hep", "Tracing to a collector (HEP3).", NULL },
	{ "log", "What is written, and where.", NULL },
};
const size_t conf_section_count = SK_COUNT(conf_sections);

const struct conf_item conf_schema[] = {
#include "config/rows_service.inc"
#include "config/rows_tenant.inc"
#include "config/rows_http.inc"
};
const size_t conf_schema_count = SK_COUNT(conf_schema);
/* clang-format on */

const struct conf_section *conf_section_find(const char *name)
{
	for (size_t i = 0; i < conf_section_count; i++)
		if (strcmp(conf_sections[i].name, name) == 0)
			return &conf_sections[i];
	return NULL;
}

static const struct conf_item *find(const struct conf_item *rows, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].path, path) == 0)
			return &rows[i];
	return NULL;
}

const struct conf_item *conf_item_find(const char *path)
{
	const struct conf_item *item = find(conf_schema, conf_schema_count, path);

	for (size_t i = 0; !item && i < conf_section_count; i++)
		if (conf_sections[i].group)
			item = find(conf_sections[i].group->rows, conf_sections[i].group->row_count,
				    path);
	return item;
}

void conf_item_name(const struct conf_item *item, const char *member, char out[CONF_NAME_SIZE])
{
	const char *star = strchr(item->path, '*');

	if (star)
		snprintf(out, CONF_NAME_SIZE, "%.*s%.*s%s", (int)(star - item->path), item->path,
			 CONF_MEMBER_MAX, member ? member : "NAME", star + 1);
	else
		snprintf(out, CONF_NAME_SIZE, "%s", item->path);
}

bool conf_member_name(const char *name)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
	size_t len = strlen(name);

	return len > 0 && len <= CONF_MEMBER_MAX && strspn(name, letters) == len;
}

bool conf_item_in_tenant(const struct conf_item *item)
{
	size_t start = offsetof(struct conf, tenant);

	return item->at >= start && item->at < start + sizeof(struct tenant_conf);
}

bool conf_item_of_tenant(const struct conf_item *item)
{
	return conf_item_in_tenant(item) && item->reload == CONF_LIVE;
}

bool conf_section_of_tenant(const struct conf_section *section)
{
	if (section->group)
		return true;
	for (size_t i = 0; i < conf_schema_count; i++)
		if (conf_item_key(&conf_schema[i], section->name) &&
		    conf_item_of_tenant(&conf_schema[i]))
			return true;
	return false;
}

const char *conf_item_key(const struct conf_item *item, const char *section)
{
	size_t len = strlen(section);

	if (strncmp(item->path, section, len) != 0 || item->path[len] != '.')
		return NULL;
	return item->path + len + 1;
}

enum conf_shape conf_item_shape(const struct conf_item *item)
{
	switch (item->type) {
	case CONF_TEXT:
	case CONF_FILE:
	case CONF_KEY:
	case CONF_TARGET:
	case CONF_HEADER:
	case CONF_UUID:
	case CONF_HEX:
		return CONF_SHAPE_TEXT;
	case CONF_FILES:
	case CONF_TEXTS:
	case CONF_HEADERS:
		return CONF_SHAPE_LIST;
	case CONF_NETS:
		return CONF_SHAPE_NETS;
	case CONF_TEXT_MAP:
	case CONF_FILE_MAP:
		return CONF_SHAPE_MAP;
	case CONF_COUNTRY:
	case CONF_PREFIX:
	case CONF_BOOL:
	case CONF_INTEGER:
	case CONF_COUNT:
	case CONF_SMALL:
	case CONF_SIZE:
	case CONF_SECONDS:
	case CONF_MILLIS:
	case CONF_WORD:
	case CONF_WORDS:
		break;
	}
	return CONF_SHAPE_FLAT;
}
