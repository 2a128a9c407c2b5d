// Comfort on top of pages that work without any of it.
import "./js/messages.js";
import "./js/mended.js";
import "./js/buttons.js";
import "./js/board.js";
// Before the guard against double submits, which is not meant for forms that a script sends.
import "./js/stays.js";
import "./js/edit.js";
import "./js/submits.js";
import "./js/filters.js";
import "./js/cells.js";
import "./js/keys.js";
import "./js/search.js";
import "./js/suggest.js";
import "./js/bulk.js";
import "./js/lookalikes.js";
import "./js/rows.js";
import "./js/activities.js";
import "./js/imports.js";
