// Comfort on top of pages that work without any of it.
import { dismissMessages } from "./js/messages.js";
import { offerCopies } from "./js/copy.js";
import { offerPrint } from "./js/print.js";
import { guardSubmits } from "./js/submits.js";
import { applyFilters } from "./js/filters.js";
import { foldMenus, listenForKeys, showKeys } from "./js/keys.js";
import { offerResults } from "./js/search.js";
import { suggestRecords } from "./js/suggest.js";
import { chooseRows } from "./js/bulk.js";
import { showLookalikes } from "./js/lookalikes.js";
import { logActivities } from "./js/activities.js";
import { moveCards } from "./js/board.js";

dismissMessages();
offerCopies();
offerPrint();
guardSubmits();
applyFilters();
listenForKeys();
showKeys();
foldMenus();
offerResults();
suggestRecords();
chooseRows();
showLookalikes();
logActivities();
moveCards();
