/*
 * What people read about the settings: the sample file and the manual page.
 * Both come from the schema alone, so neither can miss a setting.
 */
#include "config/load.h"
#include "config/number.h"
#include "config/schema.h"

#include <string.h>

enum {
	SAMPLE_COLUMNS = 92, /* of a comment, without its frame */
};

static void allow_words(const struct conf_item *item, struct sk_buf *out)
{
	for (const struct conf_word *w = item->words; w->name; w++)
		sk_buf_printf(out, "%s%s", w == item->words ? "" : " | ", w->name);
}

static void allow_range(const struct conf_item *item, struct sk_buf *out)
{
	number_print(item->type, item->min, out);
	sk_buf_puts(out, " to ");
	number_print(item->type, item->max, out);
}

void conf_item_allowed(const struct conf_item *item, struct sk_buf *out)
{
	switch (item->type) {
	case CONF_WORD:
	case CONF_WORDS:
		allow_words(item, out);
		break;
	case CONF_BOOL:
		sk_buf_puts(out, "yes | no");
		break;
	case CONF_COUNT:
		sk_buf_puts(out, "auto, or ");
		allow_range(item, out);
		break;
	case CONF_INTEGER:
	case CONF_SMALL:
	case CONF_SIZE:
	case CONF_SECONDS:
	case CONF_MILLIS:
		allow_range(item, out);
		break;
	case CONF_TEXT:
		sk_buf_printf(out, "%d to %d characters", (int)item->min, (int)item->max);
		break;
	case CONF_COUNTRY:
		sk_buf_puts(out, "1 to 3 digits, the first not 0");
		break;
	case CONF_PREFIX:
		sk_buf_printf(out, "%d to %d digits", (int)item->min, (int)item->max);
		break;
	case CONF_HEX:
		sk_buf_printf(out, "%d hex digits", (int)item->min);
		break;
	case CONF_UUID:
		sk_buf_puts(out, "8-4-4-4-12 hex digits");
		break;
	case CONF_HEADER:
	case CONF_HEADERS:
		sk_buf_puts(out, "letters, digits and -.!%*_+`'~ (RFC 3261)");
		break;
	case CONF_TARGET:
		allow_words(item, out);
		sk_buf_puts(out, " | a file");
		break;
	case CONF_FILE:
	case CONF_KEY:
	case CONF_FILES:
	case CONF_TEXTS:
	case CONF_NETS:
	case CONF_TEXT_MAP:
	case CONF_FILE_MAP:
		break;
	}
}

/* The allowed values where they say more than the type does. */
static void choices(const struct conf_item *item, struct sk_buf *out)
{
	bool numbers = item->type == CONF_INTEGER || item->type == CONF_COUNT ||
		       item->type == CONF_SMALL || item->type == CONF_SIZE ||
		       item->type == CONF_SECONDS || item->type == CONF_MILLIS;

	if (numbers || item->words)
		conf_item_allowed(item, out);
}

/* `lead` stands at the start of each line: spaces, of a group's also the sign of a comment. */
static void sample_item(const struct conf_item *item, const char *key, const char *lead, FILE *to)
{
	char text[CONF_ALLOWED_SIZE];
	struct sk_buf notes;

	sk_buf_init(&notes, text, sizeof(text));
	choices(item, &notes);
	if (item->reload == CONF_RESTART)
		sk_buf_puts(&notes, notes.len > 0 ? "; restart" : "restart");

	fprintf(to, "%s# %s", lead, item->doc);
	if (notes.len > 0) {
		bool fits = strlen(item->doc) + notes.len <= SAMPLE_COLUMNS;

		if (fits)
			fprintf(to, " (%s)", text);
		else
			fprintf(to, "\n%s# (%s)", lead, text);
	}
	fprintf(to, "\n%s%s: %s\n", lead, key, item->dflt);
}

/* A member to be uncommented: as it stands there is none. */
static void sample_group(const struct conf_group *group, FILE *to)
{
	fputs("  # example:\n", to);
	for (size_t i = 0; i < group->row_count; i++)
		sample_item(&group->rows[i], strrchr(group->rows[i].path, '.') + 1, "  #   ", to);
}

void conf_print_sample(FILE *to)
{
	fputs("# Shaken Redirector: every setting with its default.  What stays as it is here\n"
	      "# may be left out.  Relative files start from the folder of this file.  A reload\n"
	      "# (SIGHUP) takes all that is not marked `restart`.\n",
	      to);
	for (size_t s = 0; s < conf_section_count; s++) {
		const struct conf_section *section = &conf_sections[s];

		fprintf(to, "\n# %s\n%s:\n", section->doc, section->name);
		if (section->group)
			sample_group(section->group, to);
		for (size_t i = 0; i < conf_schema_count; i++) {
			const char *key = conf_item_key(&conf_schema[i], section->name);

			if (key)
				sample_item(&conf_schema[i], key, "  ", to);
		}
	}
}

/* Text for roff: a hyphen is a minus that can be copied, a backslash is no command. */
static void roff(const char *text, FILE *to)
{
	for (const char *c = text; *c; c++) {
		if (*c == '-')
			fputs("\\-", to);
		else if (*c == '\\')
			fputs("\\e", to);
		else
			fputc(*c, to);
	}
}

static void man_item(const struct conf_item *item, FILE *to)
{
	char text[CONF_ALLOWED_SIZE], name[CONF_NAME_SIZE];
	struct sk_buf allowed;

	sk_buf_init(&allowed, text, sizeof(text));
	choices(item, &allowed);
	conf_item_name(item, NULL, name);
	fputs(".TP\n.B ", to);
	roff(name, to);
	fputs("\n", to);
	roff(item->doc, to);
	fputs(item->reload == CONF_RESTART ? "\nNeeds a restart." : "", to);
	if (allowed.len > 0) {
		fputs("\nAllowed: ", to);
		roff(text, to);
		fputc('.', to);
	}
	fputs("\nDefault: ", to);
	roff(item->dflt, to);
	fputs("\n", to);
}

static void man_head(FILE *to)
{
	fputs(".TH SHAKEN\\-REDIRECTOR.YAML 5 \"\" \"Shaken Redirector\" \"File Formats\"\n"
	      ".SH NAME\n"
	      "shaken\\-redirector.yaml \\- configuration of shaken\\-redirector\n"
	      ".SH DESCRIPTION\n"
	      "One YAML file: sections, and in each its settings.\n"
	      "A setting that is left out has its default.\n"
	      "Unknown settings, wrong types and impossible values are errors; the complaint\n"
	      "names file, line and column, the value, and what is allowed.\n"
	      "Anchors, aliases, tags and further documents are refused.\n"
	      ".PP\n"
	      "With\n"
	      ".B tenants.folder\n"
	      "each tenant has a file of its own, NAME.yaml, with those sections that are the\n"
	      "tenant's: tenant, match, trunks, function, numbers, sign, credentials, clients,\n"
	      "verify, lists, actions, answer, limits, records.\n"
	      "What it leaves out is as its\n"
	      ".B answer.preset\n"
	      "has it, or else as in the main file; not taken from there are its name, match,\n"
	      "trunks, credentials, clients, the files and address of sign, sign.origid\\-value "
	      "and\n"
	      "verify.certificates.\n"
	      "A name in trunks, credentials and clients, and a tenant's, is of A\\-Z, a\\-z, "
	      "0\\-9,\n"
	      "dot, underscore and hyphen.\n"
	      ".PP\n"
	      "A file named credential:NAME is one of systemd's LoadCredential=, in\n"
	      "$CREDENTIALS_DIRECTORY.\n"
	      ".PP\n"
	      "Relative files start from the folder of the configuration file.\n"
	      "Times are written as 300ms, 60s, 5m, 24h or 1d, sizes as 65536, 16KiB or 4MiB.\n"
	      "On SIGHUP the file is read again; when it has an error, the old settings stay.\n"
	      ".PP\n"
	      ".B shaken\\-redirector \\-c\n"
	      ".I FILE\n"
	      ".B \\-\\-check\n"
	      "tells what is wrong with a file,\n"
	      ".B \\-\\-print\\-config\n"
	      "what is in effect.\n",
	      to);
}

void conf_print_man(FILE *to)
{
	man_head(to);
	for (size_t s = 0; s < conf_section_count; s++) {
		const struct conf_group *group = conf_sections[s].group;

		fprintf(to, ".SH SECTION %s\n%s\n", conf_sections[s].name, conf_sections[s].doc);
		for (size_t i = 0; group && i < group->row_count; i++)
			man_item(&group->rows[i], to);
		for (size_t i = 0; i < conf_schema_count; i++)
			if (conf_item_key(&conf_schema[i], conf_sections[s].name))
				man_item(&conf_schema[i], to);
	}
	fputs(".SH SEE ALSO\n"
	      ".BR shaken\\-redirector (8),\n"
	      ".BR shaken (1)\n",
	      to);
}
