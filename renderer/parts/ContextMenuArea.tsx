import { Menu as Base } from '@base-ui/react/menu';
import { useEffect, useMemo } from 'react';
import { useContextMenu } from './context-menu.ts';
import { MenuPopup } from './Menu.tsx';

/** Shows the context menu of whatever was right-clicked. Rendered once, by the page. */
export function ContextMenuArea() {
  const { items, isOpen, at } = useContextMenu();
  const anchor = useMemo(() => ({ getBoundingClientRect: () => new DOMRect(at.x, at.y, 0, 0) }), [at]);
  useEffect(() => {
    window.addEventListener('keydown', openFromKeys);
    return () => window.removeEventListener('keydown', openFromKeys);
  }, []);
  return (
    <Base.Root open={isOpen} onOpenChange={(next) => !next && useContextMenu.setState({ isOpen: false })}>
      <MenuPopup items={items} anchor={anchor} align="start" sideOffset={2} />
    </Base.Root>
  );
}

/** Keyboards of Macs have no menu key, and not every browser there knows Shift+F10. */
function openFromKeys(event: KeyboardEvent): void {
  if (event.key === 'F10' && event.shiftKey && !event.defaultPrevented) {
    event.preventDefault();
    document.activeElement?.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
  }
}
