// Comfort on top of pages that work without any of it.
import { dismissMessages } from "./js/messages.js";
import { offerPrint } from "./js/print.js";
import { guardSubmits } from "./js/submits.js";
import { applyFilters } from "./js/filters.js";
import { focusSearch, foldMenus } from "./js/keys.js";
import { offerResults } from "./js/search.js";
import { suggestRecords } from "./js/suggest.js";

dismissMessages();
offerPrint();
guardSubmits();
applyFilters();
focusSearch();
foldMenus();
offerResults();
suggestRecords();
