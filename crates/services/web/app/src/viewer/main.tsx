// The viewers' app: puts it on the page and sets it going.
import { render } from "preact";
import { learnHouse } from "../shared/house";
import "../shared/theme.css";
import { App } from "./app";
import { start } from "./control";
import { startHousehold } from "./household";
import { listenToKeys } from "./keys";
import { followLineUp } from "./lineup";
import "./stage.css";
import "./home.css";
import "./list.css";
import "./controls.css";
import "./motion.css";
import "./phone.css";
import { words } from "./words";

document.documentElement.lang = words.locale;
const root = document.getElementById("app");
if (root) render(<App />, root);
listenToKeys();
start();
void followLineUp();
void learnHouse();
startHousehold();
