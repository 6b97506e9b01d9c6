// A button that opens a short list of choices, one of which holds.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { openMenu } from "./control";
import { icons } from "./icons";

interface Item {
  label: string;
  isChosen: boolean;
  choose: () => void;
}

interface Props {
  name: "quality" | "audio";
  label: string;
  icon: ComponentChildren;
  items: Item[];
}

export function Menu({ name, label, icon, items }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const isOpen = openMenu.value === name;
  useEffect(() => {
    const menu = root.current;
    if (!isOpen || menu === null) return;
    menu.querySelector<HTMLElement>('[aria-checked="true"]')?.focus({ preventScroll: true });
    const closeOutside = (event: PointerEvent) => {
      if (event.target instanceof Node && !menu.contains(event.target)) openMenu.value = null;
    };
    addEventListener("pointerdown", closeOutside);
    return () => removeEventListener("pointerdown", closeOutside);
  }, [isOpen]);
  const close = () => {
    openMenu.value = null;
    root.current?.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") moveFocus(root.current, 1);
    else if (event.key === "ArrowUp") moveFocus(root.current, -1);
    else return;
    event.preventDefault();
  };
  return (
    <div class="menu" ref={root} data-testid={`${name}-menu`}>
      <button
        type="button"
        class="control"
        title={label}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        disabled={items.length === 0}
        onClick={() => {
          openMenu.value = isOpen ? null : name;
        }}
      >
        {icon}
      </button>
      {isOpen && (
        <div class="menu__sheet" role="menu" tabIndex={-1} aria-label={label} onKeyDown={onKeyDown}>
          <span class="menu__title">{label}</span>
          {items.map((item) => (
            <button
              type="button"
              class="menu__item"
              role="menuitemradio"
              aria-checked={item.isChosen}
              key={item.label}
              onClick={() => {
                item.choose();
                close();
              }}
            >
              {item.label}
              {item.isChosen && icons.check}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function moveFocus(menu: HTMLElement | null, steps: number): void {
  const items = [...(menu?.querySelectorAll<HTMLElement>(".menu__item") ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + steps + items.length) % items.length]?.focus();
}
