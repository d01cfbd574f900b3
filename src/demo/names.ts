import { rutCheckDigit } from '../platform/text/rut.ts';
import type { Random } from './random.ts';

const FIRST =
  'Camila,Matías,Sofía,Benjamín,Valentina,Vicente,Isidora,Diego,Javiera,Cristóbal,Constanza,Sebastián,Fernanda,Nicolás,Antonia,Joaquín,Catalina,Tomás,Francisca,Felipe,Daniela,Ignacio,Paula,Rodrigo,Carolina,Gonzalo,Macarena,Álvaro,Lorena,Héctor,Ximena,Patricio,Marcela,Claudio,Soledad,Hernán,Yasna,Óscar,Rocío,Iván'.split(
    ',',
  );
const LAST =
  'González,Muñoz,Rojas,Díaz,Pérez,Soto,Contreras,Silva,Martínez,Sepúlveda,Morales,Rodríguez,López,Fuentes,Hernández,Torres,Araya,Flores,Espinoza,Valenzuela,Castillo,Tapia,Reyes,Gutiérrez,Castro,Pizarro,Álvarez,Vásquez,Sánchez,Fernández,Ramírez,Carrasco,Gómez,Cortés,Herrera,Núñez,Jara,Vergara,Rivera,Figueroa,Riquelme,García,Miranda,Bravo,Vera,Molina,Vega,Campos,Sandoval,Orellana,Zúñiga,Olivares,Alarcón,Gallardo,Ortiz,Garrido,Salazar,Guzmán,Henríquez,Saavedra'.split(
    ',',
  );

export interface Name {
  readonly firstName: string;
  readonly lastName: string;
}

export const drawName = (random: Random): Name => ({
  firstName: random.pick(FIRST),
  lastName: `${random.pick(LAST)} ${random.pick(LAST)}`,
});

/** A RUT that checks, from a range that is given to nobody (25,999,000 and above are not issued to companies or people here). */
export const demoRut = (index: number): string => {
  const body = String(25_999_000 + index);
  return `${body}-${rutCheckDigit(body)}`;
};

/** `camila.gonzalez.3@example.com`: addresses of the demo lead nowhere. */
export const demoAddress = ({ firstName, lastName }: Name, index: number): string =>
  `${`${firstName}.${lastName.split(' ')[0]!}`.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()}.${index}@example.com`;
