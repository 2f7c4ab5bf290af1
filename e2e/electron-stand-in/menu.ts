interface Template {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly submenu?: readonly Template[];
  readonly click?: () => void;
}

/** Menus that are not drawn. Tests choose items by id. */
export class Menu {
  readonly items: readonly Template[];

  constructor(items: readonly Template[]) {
    this.items = items;
  }

  getMenuItemById(id: string): Template | null {
    const all = (items: readonly Template[]): Template[] => items.flatMap((item) => [item, ...all(item.submenu ?? [])]);
    return all(this.items).find((item) => item.id === id) ?? null;
  }

  static buildFromTemplate(items: readonly Template[]): Menu {
    return new Menu(items);
  }

  static #application: Menu | null = null;

  static setApplicationMenu(menu: Menu | null): void {
    Menu.#application = menu;
  }

  static getApplicationMenu(): Menu | null {
    return Menu.#application;
  }
}
