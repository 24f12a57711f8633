// Every page's behaviour. Each module finds what it serves by a data attribute; pages work without any of them.
import { drawer } from "./drawer.js";
import { dialogs } from "./dialogs.js";
import { ticks } from "./ticks.js";
import { refresh } from "./refresh.js";
import { forms } from "./forms.js";
import { marks } from "./marks.js";
import { downloads } from "./downloads.js";
import { picks } from "./picks.js";
import { drop } from "./drop.js";
import { worklist } from "./worklist.js";
import { cells } from "./cells.js";
import { idnumber } from "./idnumber.js";
import { riddle } from "./riddle.js";

for (const start of [drawer, dialogs, ticks, refresh, forms, marks, downloads, picks, drop, worklist, cells, idnumber, riddle]) start(document);
